/* SPDX-License-Identifier: MIT */
#include "gateway/output/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/answer/receipt.h"
#include "gateway/output/confirmations.h"
#include "gateway/output/unknown.h"

enum {
	STOP_MS = 1000,			    /* for a batch that is out when the end comes */
	MAX_BATCH_TEXTS = 16 * 1024 * 1024, /* topics and the like; a topic may have 64 kB */
};

struct worker {
	struct worker_env env;
	const struct output_config *config;
	struct journal_reader *reader;
	struct progress_file *progress;
	struct sink *sink;
	struct output_health health;
	struct confirmations *confirmations;
	_Atomic int64_t replay_from;  /* wall time that was asked for; 0: none */
	_Atomic uint64_t handed_over; /* last sequence of the batch that is out */
	_Atomic bool stopping;
	_Atomic uint64_t turns;
	pthread_t thread;
	bool running;
	uint64_t head; /* of the journal, before anything new came */

	/* The thread's own from here. */
	struct batch batches[2];
	struct batch *gathering;
	struct batch *out; /* NULL: nothing is out */
	bool read_failed;  /* was said */
	uint64_t position; /* last record that was put into a batch */
	uint64_t seen;	   /* last record that was taken; up to it all are answered */
	uint64_t told;	   /* last record that was confirmed, so that its receipt is sent */
	uint64_t replayed; /* last record that is handed over again because somebody asked */
	uint64_t rewound;  /* ... because the other side may have forgotten it */
	struct unknown unknown;
	struct str text;
};

/* --- answers ------------------------------------------------------------------------------ */

static struct outbound *outbound_of(struct worker *w, unsigned source)
{
	return w->env.outbounds[source % w->env.outbound_count];
}

static void answer(struct worker *w, const struct rejection *rejection, struct span topic,
		unsigned source)
{
	struct outbound_message *m;
	struct str to = { 0 };

	count(w->env.counters, COUNT_RESULTS_REJECTED, 1);
	count_up(&w->env.counters->rejects[rejection->reject], 1);
	str_clear(&w->text);
	reject_format(&w->text, rejection, topic, span_of_text(w->env.config->client_id));
	reject_topic(&to, topic);
	m = outbound_message_create(
			OUTBOUND_REJECT, str_span(&to), str_span(&w->text), (struct span){ 0 });
	if (!outbound_push(outbound_of(w, source), m))
		count(w->env.counters, COUNT_REJECTS_DROPPED, 1);
	str_finish(&to);
}

static void send_receipt(
		struct worker *w, struct span response, struct span correlation, unsigned source)
{
	struct outbound_message *m = outbound_message_create(
			OUTBOUND_RECEIPT, response, str_span(&w->text), correlation);

	if (!outbound_push(outbound_of(w, source), m))
		count(w->env.counters, COUNT_RECEIPTS_DROPPED, 1);
}

static void send_batch_receipt(
		struct worker *w, const struct batch *b, const struct batch_receipt *r)
{
	const char *text = b->texts.text;

	send_receipt(w, span_of(text + r->response, r->response_len),
			span_of(text + r->correlation, r->correlation_len), r->source);
}

static void format_rejected(struct worker *w, const struct rejection *rejection, struct span topic)
{
	str_clear(&w->text);
	receipt_format_rejected(&w->text, rejection, topic, w->config->name,
			span_of_text(w->env.config->client_id));
}

/* The core refuses a result of the batch that is out. */
static void take_refusal(void *owner, size_t index, const struct rejection *rejection)
{
	struct worker *w = owner;
	const struct batch_item *item = &w->out->items[index];

	count_up(&w->health.counters.refused, 1);
	answer(w, rejection, batch_topic(w->out, item), item->source);
	if (rejection->reject == REJECT_UNKNOWN_HOST ||
			rejection->reject == REJECT_UNKNOWN_SERVICE) {
		struct check_result result = { .host = rejection->host,
			.service = rejection->service,
			.state = CHECK_UNKNOWN };

		unknown_note(&w->unknown, &result, rejection, NULL, item->received);
	}
	if (item->receipt == 0)
		return;
	format_rejected(w, rejection, batch_topic(w->out, item));
	send_batch_receipt(w, w->out, &w->out->receipts[item->receipt - 1]);
}

/* Who asked for receipts hears of the batch that has arrived, but not of what is replayed. */
static void send_receipts(struct worker *w, const struct batch *b)
{
	struct wall_time now = wall_time_now();

	for (size_t i = 0; i < b->receipt_count; i++) {
		const struct batch_receipt *r = &b->receipts[i];

		if (!r->is_last || r->sequence <= w->told)
			continue;
		str_clear(&w->text);
		receipt_format_confirmed(&w->text, span_of(b->texts.text + r->topic, r->topic_len),
				w->config->name, r->received, now,
				span_of_text(w->env.config->client_id));
		send_batch_receipt(w, b, r);
	}
	if (b->last > w->told)
		w->told = b->last;
}

/* --- from record to batch ----------------------------------------------------------------- */

/*
 * The core has no such object. A batch that was lost is built again from records that were answered
 * already; a result of the gateway's own has nobody to answer.
 */
static void take_unknown(struct worker *w, const struct record *record, struct rejection *rejection)
{
	if (record->sequence <= w->seen || record->is_own)
		return;
	rejection->index = record->index;
	unknown_note(&w->unknown, &record->result, rejection, &record->publisher, record->received);
	answer(w, rejection, record->topic, record->source);
	if (record->response_topic.len == 0)
		return;
	format_rejected(w, rejection, record->topic);
	send_receipt(w, record->response_topic, record->correlation, record->source);
}

static void encode_result(struct worker *w, const struct record *record)
{
	struct batch *b = w->gathering;
	size_t at = b->text.len;

	w->sink->class->encode(w->sink, &b->text, &record->result, record->received);
	if (batch_add(b, record, at, w->config->coalesce))
		count_up(&w->health.counters.coalesced, 1);
}

/* Taken from the broker when a route still named it: with none left the first output answers. */
static void take_unrouted(struct worker *w, const struct record *record)
{
	struct rejection bad = { .reject = REJECT_NO_ROUTE,
		.detail = record->topic,
		.index = record->index,
		.host = record->result.host,
		.service = record->result.service };

	if (w->env.output != 0 || record->is_own)
		return;
	count(w->env.counters, COUNT_MESSAGES_UNROUTED, 1);
	answer(w, &bad, record->topic, record->source);
}

static void take_result(struct worker *w, const struct record *record)
{
	struct rejection rejection;

	if (unknown_find(&w->unknown, w->sink, &record->result, &rejection))
		take_unknown(w, record, &rejection);
	else
		encode_result(w, record);
}

/*
 * A command is not repeated as a result is: a second downtime would be one. What becomes a part of
 * the object's state can be forgotten with it.
 */
static bool was_carried_out(const struct worker *w, const struct record *record)
{
	enum command_kind kind = record->command.kind;
	bool is_state = kind == COMMAND_ACKNOWLEDGE || kind == COMMAND_REMOVE_ACKNOWLEDGEMENT;

	return record->sequence <= w->replayed || (record->sequence <= w->rewound && !is_state);
}

/* Empty when it can be carried out here and is in the batch. */
static struct rejection encode_command_of(struct worker *w, const struct record *record)
{
	const struct command *c = &record->command;
	const struct check_result object = { .host = c->host, .service = c->service };
	const struct sink_class *class = w->sink->class;
	struct batch *b = w->gathering;
	size_t at = b->text.len;
	struct rejection r;
	const char *why = "outputs of this type take no commands";

	if (unknown_find(&w->unknown, w->sink, &object, &r))
		return r;
	if (class->encode_command != NULL)
		why = class->encode_command(w->sink, &b->text, c, record->received);
	if (why == NULL) {
		batch_add(b, record, at, false);
		return (struct rejection){ 0 };
	}
	return (struct rejection){ .reject = REJECT_BAD_COMMAND,
		.detail = span_of_text(why),
		.host = c->host,
		.service = c->service };
}

static void take_command(struct worker *w, const struct record *record)
{
	const struct config *c = w->env.config;
	struct rejection rejection;

	if (!routes_lead(c->routes, c->route_count, record->topic, record->naming,
			    record->command.host, w->env.output) ||
			!routes_pass_command(c->routes, c->route_count, record->topic,
					w->env.output, record->command.kind) ||
			was_carried_out(w, record))
		return;
	rejection = encode_command_of(w, record);
	if (rejection.reject != REJECT_NONE && record->sequence > w->seen)
		answer(w, &rejection, record->topic, record->source);
}

static void take_record(struct worker *w, const struct record *record)
{
	const struct config *c = w->env.config;

	if (record->kind == RECORD_COMMAND)
		take_command(w, record);
	if (record->kind != RECORD_RESULT)
		return;
	if (routes_lead(c->routes, c->route_count, record->topic, record->naming,
			    record->result.host, w->env.output))
		take_result(w, record);
	else if (!routes_match(c->routes, c->route_count, record->topic))
		take_unrouted(w, record);
}

static bool is_full(const struct worker *w)
{
	const struct batch *b = w->gathering;

	/* What is outdated goes before the batch does, but is not to fill the memory either. */
	return b->results - b->outdated >= w->config->batch_results ||
	       b->text.len >= w->config->batch_size * (w->config->coalesce ? 16 : 1) ||
	       b->texts.len >= MAX_BATCH_TEXTS;
}

static bool gather_one(void *owner, const struct record *record)
{
	struct worker *w = owner;

	take_record(w, record);
	if (record->sequence > w->seen)
		w->seen = record->sequence;
	if (w->gathering->first == 0)
		w->gathering->first = record->sequence;
	w->gathering->last = record->sequence;
	return !is_full(w);
}

static void gather(struct worker *w)
{
	int r;

	if (is_full(w))
		return;
	r = journal_reader_read(w->reader, &w->position, gather_one, w);
	if (r < 0 && !w->read_failed)
		log_error_errno(r, "output \"%s\": the journal cannot be read", w->config->name);
	w->read_failed = r < 0;
}

/* --- from batch to sink -------------------------------------------------------------------- */

static void confirm(struct worker *w, const struct batch *b)
{
	struct progress p = { .confirmed = b->last };
	int r = progress_store(w->progress, &p);

	if (r < 0)
		log_error_errno(r, "output \"%s\": its progress file cannot be written",
				w->config->name);
	journal_reader_confirm(w->reader, b->last);
	output_health_confirm(&w->health, b->results);
	confirmations_add(w->confirmations, b->last, wall_time_now());
	send_receipts(w, b);
	w->health.counters.delivered = b->last;
}

/* Hand the gathered batch to the idle sink. One without results has arrived by itself. */
static void submit(struct worker *w)
{
	struct batch *b = w->gathering;

	if (b->first == 0)
		return;
	if (b->results == 0) {
		confirm(w, b);
		batch_clear(b);
		return;
	}
	batch_compact(b);
	w->sink->class->submit(w->sink, b);
	w->out = b;
	w->handed_over = b->last;
	w->gathering = b == &w->batches[0] ? &w->batches[1] : &w->batches[0];
	batch_clear(w->gathering);
}

static void begin_again(struct worker *w, uint64_t after)
{
	batch_clear(&w->batches[0]);
	batch_clear(&w->batches[1]);
	w->out = NULL;
	w->position = after;
}

/* What was confirmed behind `before` counts as not delivered again; *mark is how far that goes. */
static void rewind_reader(struct worker *w, uint64_t before, uint64_t *mark)
{
	uint64_t confirmed = journal_reader_confirmed(w->reader);
	struct progress p = { .confirmed = before < confirmed ? before : confirmed };

	if (p.confirmed < confirmed)
		log_notice("output \"%s\": handing over again the last %" PRIu64 " records, which "
			   "the other side may have forgotten",
				w->config->name, confirmed - p.confirmed);
	progress_store(w->progress, &p);
	journal_reader_confirm(w->reader, p.confirmed);
	if (p.confirmed < confirmed)
		journal_maintain(w->env.journal); /* a restart would believe the later place */
	w->health.counters.delivered = p.confirmed;
	if (confirmed > *mark)
		*mark = confirmed;
	begin_again(w, p.confirmed);
}

static void replay_if_asked(struct worker *w)
{
	struct wall_time from = { atomic_exchange(&w->replay_from, 0) };

	if (from.ns != 0)
		rewind_reader(w, journal_before(w->env.journal, from), &w->replayed);
}

static void rewind_sink(struct worker *w)
{
	const struct sink_class *class = w->sink->class;

	rewind_reader(w,
			class->held != NULL
					? class->held(w->sink)
					: journal_before(w->env.journal, class->rewind_to(w->sink)),
			&w->rewound);
}

static void run_sink(struct worker *w)
{
	enum sink_state state = w->sink->class->step(w->sink, instant_now());

	output_health_look(&w->health);
	if (w->sink->class->held != NULL) /* before it is confirmed, and may be trimmed */
		journal_reader_hold(w->reader, w->sink->class->held(w->sink));
	if (state == SINK_DONE) {
		confirm(w, w->out);
		batch_clear(w->out);
		w->out = NULL;
	} else if (state == SINK_LOST) {
		begin_again(w, journal_reader_confirmed(w->reader));
	} else if (state == SINK_REWIND) {
		rewind_sink(w);
	}
}

/* Who is to hear of the batch that an earlier run left with the core. */
static bool note_receipt(void *owner, const struct record *record)
{
	struct worker *w = owner;
	const struct config *c = w->env.config;

	if (record->sequence > w->out->last)
		return false;
	if (record->kind == RECORD_RESULT && record->response_topic.len > 0 &&
			routes_lead(c->routes, c->route_count, record->topic, record->naming,
					record->result.host, w->env.output))
		batch_add_receipt(w->out, record);
	return true;
}

/* The batch that an earlier run left is out, as far as that is known. */
static void take_leftover(struct worker *w, const struct progress *left)
{
	uint64_t after = left->issued_first - 1;
	int r;

	w->out = &w->batches[1];
	w->out->first = left->issued_first;
	w->out->last = left->issued_last;
	r = journal_scan(w->env.journal, &after, note_receipt, w);
	if (r < 0)
		log_error_errno(r, "output \"%s\": the journal cannot be read", w->config->name);
}

/* Where an earlier run stopped. */
static void resume(struct worker *w)
{
	struct progress left = { 0 };
	enum sink_leftover what = LEFTOVER_NONE;
	bool known = progress_load(w->progress, &left);

	/* Of a later state of the journal: somebody has put an earlier one back since. */
	if (known && (left.confirmed > w->head || left.issued_last > w->head)) {
		log_warn("output \"%s\": its progress file is ahead of the journal and not "
			 "believed",
				w->config->name);
		known = false;
	}
	if (known && left.confirmed > journal_reader_confirmed(w->reader))
		journal_reader_confirm(w->reader, left.confirmed);
	w->told = journal_reader_confirmed(w->reader);
	if (known && left.issued_last > journal_reader_confirmed(w->reader))
		what = w->sink->class->resume(w->sink, &left);
	else
		w->sink->class->resume(w->sink, NULL);
	if (what != LEFTOVER_NONE) {
		take_leftover(w, &left);
		log_info("output \"%s\": the batch an earlier run left with the core %s",
				w->config->name,
				what == LEFTOVER_BUSY ? "is still there, offering it again"
						      : "was applied");
	}
	if (what == LEFTOVER_ARRIVED) {
		confirm(w, w->out);
		batch_clear(w->out);
		w->out = NULL;
	}
	w->position = w->out != NULL ? w->out->last : journal_reader_confirmed(w->reader);
	w->health.counters.delivered = journal_reader_confirmed(w->reader);
}

static int wait_time(struct worker *w, struct instant stop_at)
{
	struct instant now = instant_now();
	struct instant until = instant_earlier(w->sink->class->deadline(w->sink), stop_at);
	int64_t ns = until.ns - now.ns;

	if (until.ns == INSTANT_NEVER.ns)
		return -1;
	return ns <= 0 ? 0 : ns > 60000000000 ? 60000 : (int)((ns + 999999) / 1000000);
}

static void wait(struct worker *w, struct instant stop_at)
{
	struct pollfd fds[SINK_DESCRIPTORS + 1];
	size_t n = w->sink->class->descriptors(w->sink, fds);

	fds[n] = (struct pollfd){ journal_reader_fd(w->reader), POLLIN, 0 };
	if (poll(fds, n + 1, wait_time(w, stop_at)) <= 0)
		return;
	if (fds[n].revents & POLLIN)
		journal_reader_rest(w->reader);
	w->sink->class->polled(w->sink, fds, n);
}

static void *run(void *owner)
{
	struct worker *w = owner;
	struct instant stop_at = INSTANT_NEVER;

	resume(w);
	for (;;) {
		bool stopping = w->stopping;

		w->turns++;
		if (stopping && stop_at.ns == INSTANT_NEVER.ns)
			stop_at = instant_after(instant_now(), milliseconds(STOP_MS));
		if (!stopping && w->out == NULL)
			replay_if_asked(w);
		if (!stopping)
			gather(w);
		if (!stopping && w->out == NULL)
			submit(w);
		run_sink(w);
		if (!stopping)
			gather(w); /* the next batch, while this one is out */
		if (stopping && (w->out == NULL || instant_reached(stop_at, instant_now())))
			break;
		if (w->out == NULL && !stopping && w->gathering->first != 0)
			continue; /* the sink is free and a batch has gathered */
		wait(w, stop_at);
	}
	return NULL;
}

/* --- life ---------------------------------------------------------------------------------- */

static bool open_progress(struct worker *w)
{
	struct str path = { 0 };
	int r;

	str_printf(&path, "%s/%s.progress", w->env.config->state_dir, w->config->name);
	r = progress_open(str_text(&path), journal_id(w->env.journal), &w->progress);
	if (r < 0)
		log_error_errno(r, "output \"%s\": %s cannot be opened", w->config->name,
				str_text(&path));
	str_finish(&path);
	return r == 0;
}

struct worker *worker_create(const struct worker_env *env)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	struct sink_env sink = { .journal = journal_id(env->journal),
		.counters = &w->health.counters,
		.problem = &w->health.problem,
		.refuse = take_refusal,
		.owner = w };

	output_health_init(&w->health);
	w->env = *env;
	w->config = env->config->outputs[env->output];
	w->reader = journal_reader_at(env->journal, env->output);
	w->head = journal_status(env->journal).head;
	w->gathering = &w->batches[0];
	w->unknown = (struct unknown){ .pending = env->pending, .output = env->output };
	w->confirmations = confirmations_create(journal_reader_confirmed(w->reader));
	if (!open_progress(w)) {
		worker_destroy(w);
		return NULL;
	}
	sink.progress = w->progress;
	w->sink = w->config->class->create(w->config, &sink);
	return w;
}

void worker_destroy(struct worker *w)
{
	if (w == NULL)
		return;
	worker_stop(w);
	worker_join(w);
	if (w->sink != NULL)
		w->sink->class->destroy(w->sink);
	progress_close(w->progress);
	confirmations_destroy(w->confirmations);
	for (size_t i = 0; i < array_size(w->batches); i++)
		batch_finish(&w->batches[i]);
	str_finish(&w->text);
	output_health_finish(&w->health);
	free(w);
}

bool worker_start(struct worker *w)
{
	int r = pthread_create(&w->thread, NULL, run, w);

	w->running = r == 0;
	if (r != 0)
		log_error_errno(r, "output \"%s\": no thread to be had", w->config->name);
	return w->running;
}

void worker_stop(struct worker *w)
{
	if (!w->running)
		return;
	w->stopping = true;
	journal_reader_wake(w->reader);
}

void worker_join(struct worker *w)
{
	if (w->running)
		pthread_join(w->thread, NULL);
	w->running = false;
}

struct output_health *worker_health(struct worker *w)
{
	return &w->health;
}

const char *worker_place_name(enum worker_place place)
{
	static const char *const names[] = { [PLACE_WAITING] = "waiting",
		[PLACE_OUT] = "handed over",
		[PLACE_CONFIRMED] = "confirmed" };

	return names[place];
}

enum worker_place worker_place_of(
		struct worker *w, uint64_t sequence, struct wall_time *ret_confirmed)
{
	*ret_confirmed = (struct wall_time){ 0 };
	if (sequence > journal_reader_confirmed(w->reader))
		return sequence <= w->handed_over ? PLACE_OUT : PLACE_WAITING;
	confirmations_find(w->confirmations, sequence, ret_confirmed);
	return PLACE_CONFIRMED;
}

uint64_t worker_replay(struct worker *w, struct wall_time time)
{
	uint64_t before = journal_before(w->env.journal, time);
	uint64_t confirmed = journal_reader_confirmed(w->reader);

	w->replay_from = time.ns;
	journal_reader_wake(w->reader);
	return confirmed > before ? confirmed - before : 0;
}

uint64_t worker_turns(struct worker *w)
{
	journal_reader_wake(w->reader);
	return w->turns;
}
