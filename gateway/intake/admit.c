/* SPDX-License-Identifier: MIT */
#include "gateway/intake/admit_impl.h"

#include <inttypes.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/name.h"
#include "common/utf8.h"
#include "common/wire.h"
#include "gateway/result/json_document.h"

enum {
	MAX_ANSWERS = 1000, /* to one message: an array can ask for two million */
	MAX_NAMINGS = 8,    /* of one message; routes beyond that share the first one's records */
	/* Every result carries topic and publisher: so much a message may make of itself. */
	MAX_RECORD_BYTES = 64 * 1024 * 1024,
	MAX_RESPONSE_BYTES = 4096,  /* of response topic and correlation data */
	MAX_PUBLISHER_BYTES = 1024, /* of each of its names that a result keeps, to be shown */
};

/* --- answers ------------------------------------------------------------------------------ */

static void add_answer(struct admit *a, enum outbound_kind kind, struct span topic,
		struct span text, struct span correlation)
{
	struct outbound_message *m = outbound_message_create(kind, topic, text, correlation);

	m->source = a->message->source;
	m->since = a->message->received;
	*a->last_answer = m;
	a->last_answer = &m->next;
}

struct record admit_part(const struct admit *a, enum record_kind kind)
{
	struct record r = *a->message;

	r.kind = kind;
	r.payload = r.response_topic = r.correlation = (struct span){ 0 };
	r.publisher.user = utf8_first(r.publisher.user, MAX_PUBLISHER_BYTES);
	r.publisher.client = utf8_first(r.publisher.client, MAX_PUBLISHER_BYTES);
	r.publisher.address = utf8_first(r.publisher.address, MAX_PUBLISHER_BYTES);
	if (r.content_type.len > RECORD_MOST_SAID)
		r.content_type = (struct span){ 0 };
	r.user_properties = record_first_properties(r.user_properties, RECORD_MOST_SAID);
	return r;
}

void admit_refuse(struct admit *a, const struct rejection *rejection)
{
	struct record record = admit_part(a, RECORD_REFUSAL);
	struct str topic = { 0 };

	if (!a->is_first)
		return;
	count(a->counters, COUNT_RESULTS_REJECTED, 1);
	count_up(&a->counters->rejects[rejection->reject], 1);
	receipt_refuse(&a->receipt, rejection);
	if (a->answered++ >= MAX_ANSWERS) {
		count(a->counters, COUNT_REJECTS_DROPPED, 1);
		return;
	}
	record.index = (uint32_t)rejection->index;
	record.rejection = *rejection;
	record_batch_add(&a->records, &record);
	str_clear(&a->text);
	reject_format(&a->text, rejection, a->message->topic, span_of_text(a->config->client_id));
	reject_topic(&topic, a->message->topic);
	add_answer(a, OUTBOUND_REJECT, str_span(&topic), str_span(&a->text), (struct span){ 0 });
	str_finish(&topic);
}

static void add_receipt(struct admit *a, struct wall_time decoded)
{
	const char *names[MAX_OUTPUTS];

	if (!a->wants_receipt)
		return;
	for (size_t i = 0; i < a->config->output_count; i++)
		names[i] = a->config->outputs[i]->name;
	a->receipt.topic = a->message->topic;
	a->receipt.received = a->message->received;
	a->receipt.decoded = decoded;
	str_clear(&a->text);
	receipt_format(&a->text, &a->receipt, names, span_of_text(a->config->client_id));
	add_answer(a, OUTBOUND_RECEIPT, a->message->response_topic, str_span(&a->text),
			a->message->correlation);
}

/* --- context ------------------------------------------------------------------------------ */

/*
 * What the standing of an object keeps, so that a result of the gateway's own takes the way of the
 * object's last one: naming u32, topic.
 */
struct span admit_context(struct admit *a, struct span topic, uint32_t naming)
{
	topic = admit_without_state(topic);
	str_clear(&a->context);
	for (int shift = 24; shift >= 0; shift -= 8)
		str_append_byte(&a->context, (char)(naming >> shift));
	str_append(&a->context, topic);
	return str_span(&a->context);
}

/* --- results ------------------------------------------------------------------------------ */

enum reject admit_verdict(enum standing_verdict verdict)
{
	static const enum reject verdicts[] = {
		[STANDING_FRESH] = REJECT_NONE,
		[STANDING_KNOWN] = REJECT_NONE,
		[STANDING_DUPLICATE] = REJECT_DUPLICATE,
		[STANDING_OUT_OF_ORDER] = REJECT_OUT_OF_ORDER,
		[STANDING_TOO_OLD] = REJECT_TOO_OLD,
		[STANDING_TOO_NEW] = REJECT_TOO_NEW,
	};

	return verdicts[verdict];
}

/* The payload's own ttl wins, and 0 says that the result is an event. */
static struct silence_rule silence_of(const struct admit *a, const struct check_result *result)
{
	struct silence_rule rule = a->route->silence;

	if (result->ttl >= 0)
		rule.ttl = result->ttl;
	if (result->service.len == 0)
		rule.becomes = admit_host_down;
	return rule;
}

void admit_note_known(struct admit *a, bool is_known)
{
	if (is_known)
		return;
	count(a->counters, COUNT_OBJECTS_LEFT_OUT, 1);
	if (!a->left_out)
		log_warn("there are more hosts and services than max_objects; of further ones "
			 "order and silence are not watched: raise it, or look for who invents "
			 "names");
	a->left_out = true;
}

void admit_note_result(struct admit *a, const struct record *record, const struct arrival *arrival)
{
	struct silence_rule rule = record->silence;

	rule.context = admit_context(a, record->topic, record->naming);
	admit_note_known(a, standings_take(a->standings, &record->result, arrival, &rule));
}

void admit_note_state(struct admit *a, const struct record *record)
{
	struct state_note note = { .result = &record->result,
		.received = record->received,
		.is_silent = record->is_own && record->result.state != CHECK_OK,
		.source = record->source };

	if (!states_note(a->states, &note))
		count(a->counters, COUNT_STATES_DROPPED, 1);
}

/* The outputs that get the last result of a message, and so tell when it has arrived. */
static uint64_t outputs_of(struct admit *a, const struct check_result *result)
{
	const struct config *c = a->config;
	uint64_t set = 0;

	for (size_t i = 0; i < c->output_count; i++) {
		if (c->outputs[i]->tells &&
				routes_lead(c->routes, c->route_count, a->message->topic,
						a->route->naming, result->host, i))
			set |= UINT64_C(1) << i;
	}
	return set;
}

static void add_result(struct admit *a, const struct check_result *result)
{
	struct record record = admit_part(a, RECORD_RESULT);

	record.index = result->index;
	record.naming = a->route->naming;
	record.result = *result;
	record.silence = silence_of(a, result);
	record_batch_add(&a->records, &record);
	a->last_result = a->records.count;
	admit_note_result(a, &record, a->arrival);
	admit_note_state(a, &record);
	count(a->counters, COUNT_RESULTS_ACCEPTED, 1);
	a->receipt.accepted++;
	if (a->wants_receipt)
		a->last_outputs = outputs_of(a, result);
}

bool admit_may_speak(struct admit *a, struct span host, struct span service, enum submit_kind kind,
		size_t index)
{
	const struct config *c = a->config;
	const struct publisher *publisher = &a->message->publisher;
	struct rejection bad = {
		.reject = REJECT_NOT_ALLOWED, .index = index, .host = host, .service = service
	};

	if (submit_allows(c->submits, c->submit_count, publisher, host, service, kind))
		return true;
	str_clear(&a->detail);
	publisher_describe(publisher, &a->detail);
	bad.detail = str_span(&a->detail);
	admit_refuse(a, &bad);
	return false;
}

static void take_result(void *owner, const struct check_result *decoded)
{
	struct admit *a = owner;
	struct check_result result = *decoded;
	enum submit_kind kind = result.service.len == 0 ? SUBMIT_HOST : SUBMIT_SERVICE;
	bool restamped = false;
	enum standing_verdict verdict;
	struct rejection bad = {
		.index = result.index, .host = result.host, .service = result.service
	};

	if (!admit_may_speak(a, result.host, result.service, kind, result.index))
		return;
	if (a->records.bytes.len - a->naming_at > MAX_RECORD_BYTES) {
		bad.reject = REJECT_TOO_LARGE;
		admit_refuse(a, &bad);
		return;
	}
	verdict = standings_judge(a->standings, &result, a->arrival, &restamped);
	bad.reject = admit_verdict(verdict);
	/* Under another naming it is another object, but for the id, which is the message's. */
	if (verdict == STANDING_DUPLICATE && !a->is_first)
		verdict = STANDING_FRESH;
	if (restamped)
		count(a->counters, COUNT_RESULTS_RESTAMPED, 1);
	if (verdict == STANDING_FRESH) {
		add_result(a, &result);
	} else if (verdict == STANDING_KNOWN) {
		count(a->counters, COUNT_RESULTS_KNOWN, 1);
	} else {
		char time[WALL_TIME_TEXT];

		bad.detail = verdict == STANDING_DUPLICATE
					     ? result.id
					     : span_of_text(wall_time_format(decoded->time, time));
		admit_refuse(a, &bad);
	}
}

static void take_rejection(void *owner, const struct rejection *rejection)
{
	admit_refuse(owner, rejection);
}

static const struct decode_sink decode_into_admit = {
	.result = take_result,
	.rejection = take_rejection,
};

/* --- names -------------------------------------------------------------------------------- */

/*
 * "nagios/web1/" is a script whose variable was empty, not a result of the host itself.
 */
static bool names_nothing(const struct admit *a, struct span topic)
{
	return a->service.len == 0 && !a->route->service.from_payload &&
	       topic.data[topic.len - 1] == '/';
}

/* The names that the topic gives. False after a rejection. */
static bool expand_names(struct admit *a, struct span topic)
{
	struct rejection bad = { .reject = REJECT_BAD_HOST, .detail = topic };

	str_clear(&a->host);
	str_clear(&a->service);
	if (template_expand(&a->route->host, topic, &a->host)) {
		bad.reject = REJECT_BAD_SERVICE;
		if (template_expand(&a->route->service, topic, &a->service) &&
				!names_nothing(a, topic))
			return true;
	}
	admit_refuse(a, &bad);
	return false;
}

void admit_mark_last(struct admit *a)
{
	struct span topic = { 0 }, correlation = { 0 };

	if (a->wants_receipt) {
		topic = a->message->response_topic;
		correlation = a->message->correlation;
	}
	record_batch_mark_last(&a->records, a->last_result - 1, topic, correlation);
}

/*
 * The topic of a host is the place for an array of its services: who may speak for the host may
 * speak for them.
 */
static void decode_message(struct admit *a)
{
	const struct route *route = a->route;
	struct decode_input input = {
		.payload = a->message->payload,
		.host = str_span(&a->host),
		.host_from_payload = route->host.from_payload,
		.service = str_span(&a->service),
		.service_from_payload = route->service.from_payload || a->service.len == 0,
		.formats = route->formats,
	};
	struct decode_sink sink = decode_into_admit;

	sink.owner = a;
	a->last_result = 0;
	a->naming_at = a->records.bytes.len;
	decode(a->decoder, &input, &sink);
	if (a->last_result > 0)
		admit_mark_last(a);
	a->receipt.outputs |= a->last_outputs;
	a->last_outputs = 0;
}

/* --- routes ------------------------------------------------------------------------------- */

bool admit_object(struct admit *a, struct span level)
{
	struct span topic = a->message->topic;
	struct rejection bad = { .detail = topic };

	if (!expand_names(a, span_first(topic, topic.len - level.len)))
		return false;
	if (a->host.len == 0)
		bad.reject = REJECT_NO_HOST;
	else if (!name_valid(str_span(&a->host)))
		bad.reject = REJECT_BAD_HOST;
	else if (a->service.len > 0 && !name_valid(str_span(&a->service)))
		bad.reject = REJECT_BAD_SERVICE;
	if (bad.reject != REJECT_NONE)
		admit_refuse(a, &bad);
	return bad.reject == REJECT_NONE;
}

/* One way of naming what the message is about. */
static void take_naming(struct admit *a)
{
	if (admit_is_presence(a->message->topic))
		admit_presence(a);
	else if (admit_is_command(a->message->topic))
		admit_command(a);
	else if (expand_names(a, a->message->topic))
		decode_message(a);
}

static bool has_number(const uint32_t *numbers, size_t n, uint32_t number)
{
	while (n > 0) {
		if (numbers[--n] == number)
			return true;
	}
	return false;
}

/*
 * The routes by which outputs get what is decoded, each output by the first that leads to it.
 * Routes that name objects alike share it.
 */
static void take_routes(struct admit *a, const struct route *routes, size_t count)
{
	uint32_t namings[MAX_NAMINGS];
	uint64_t served = 0;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct route *r = &routes[i];

		if ((r->output_set & ~served) == 0 || !route_takes(r, a->message->topic))
			continue;
		served |= r->output_set;
		if (r->formats == 0 || n == MAX_NAMINGS || has_number(namings, n, r->naming))
			continue;
		a->route = r;
		a->is_first = n == 0;
		namings[n++] = r->naming;
		take_naming(a);
	}
}

static void pass_on(struct admit *a)
{
	record_batch_add(&a->records, a->message);
	count(a->counters, COUNT_MESSAGES_PASSED, 1);
}

static void refuse_unrouted(struct admit *a)
{
	struct rejection unrouted = { .reject = REJECT_NO_ROUTE, .detail = a->message->topic };

	count(a->counters, COUNT_MESSAGES_UNROUTED, 1);
	admit_refuse(a, &unrouted);
}

/* Answers that come in again to be decoded would go round for ever. */
static bool may_answer_to(const struct config *c, const struct record *message)
{
	struct span topic = message->response_topic;

	return topic.len + message->correlation.len <= MAX_RESPONSE_BYTES &&
	       receipt_topic_allowed(topic) && !routes_match(c->routes, c->route_count, topic);
}

bool admit_takes(const struct config *c, struct span topic)
{
	return !topic_is_own(topic) || routes_pass(c->routes, c->route_count, topic);
}

void admit_message(struct admit *a, const struct record *message, const struct arrival *arrival)
{
	const struct config *c = a->config;
	struct span topic = message->topic;
	bool decodes = !topic_is_own(topic) && routes_match(c->routes, c->route_count, topic);
	bool passes = routes_pass(c->routes, c->route_count, topic);
	/* A filter like # brings it, and no route takes it. */
	bool is_stray = !decodes && !passes && topic_is_reserved(topic);

	a->message = message;
	a->arrival = arrival;
	a->answered = 0;
	a->is_first = true;
	str_clear(&a->receipt.refusals);
	a->receipt.accepted = a->receipt.refused = 0;
	a->receipt.outputs = 0;
	a->wants_receipt = message->response_topic.len > 0 && !is_stray && (decodes || !passes);
	if (a->wants_receipt && !may_answer_to(c, message)) {
		count(a->counters, COUNT_RECEIPTS_REFUSED, 1);
		a->wants_receipt = false;
	}
	if (passes)
		pass_on(a);
	if (decodes)
		take_routes(a, c->routes, c->route_count);
	else if (is_stray)
		count(a->counters, COUNT_MESSAGES_OWN, 1);
	else if (!passes)
		refuse_unrouted(a);
	add_receipt(a, wall_time_now());
}

/* --- life --------------------------------------------------------------------------------- */

void admit_init(struct admit *a, const struct config *config, struct counters *counters)
{
	*a = (struct admit){ .config = config, .counters = counters };
	a->last_answer = &a->answers;
	a->decoder = decoder_create();
	a->reader = json_reader_create();
}

void admit_clear(struct admit *a)
{
	record_batch_clear(&a->records);
	record_batch_clear(&a->silences);
	while (a->answers != NULL) {
		struct outbound_message *m = a->answers;

		a->answers = m->next;
		outbound_message_destroy(m);
	}
	a->last_answer = &a->answers;
}

void admit_finish(struct admit *a)
{
	admit_clear(a);
	record_batch_finish(&a->records);
	record_batch_finish(&a->silences);
	decoder_destroy(a->decoder);
	json_reader_destroy(a->reader);
	str_finish(&a->receipt.refusals);
	str_finish(&a->host);
	str_finish(&a->service);
	str_finish(&a->text);
	str_finish(&a->context);
	str_finish(&a->detail);
}
