/* SPDX-License-Identifier: MIT */
#include "tests/conversations/watch.h"

static bool is(const struct fields *f, const char *type)
{
	return strcmp(f->type, type) == 0;
}

static bool has(struct fields *f, const char *name)
{
	return fields_take(f, name) != NULL;
}

static bool bit_is_set(const uint8_t *bits, uint16_t n)
{
	return (bits[n / 8] >> n % 8 & 1) != 0;
}

static void bit_set(uint8_t *bits, uint16_t n, bool value)
{
	bits[n / 8] = (uint8_t)((bits[n / 8] & ~(1U << n % 8)) | (value ? 1U : 0U) << n % 8);
}

static uint16_t id_of(struct fields *f)
{
	return (uint16_t)fields_number(f, "id", 0);
}

/* --- what the client says ------------------------------------------------------------------- */

static void connect_sent(struct watch *w, struct fields *f)
{
	w->is_connecting = true;
	w->id_is_empty = fields_text(f, "id", "").len == 0;
	w->has_method = has(f, "authentication-method");
	w->no_problem_information = fields_number(f, "request-problem-information", 1) == 0;
	w->wants_response_information = fields_number(f, "request-response-information", 0) == 1;
	w->maximum_packet = fields_number(f, "maximum-packet-size", 0);
	w->receive_maximum = fields_number(f, "receive-maximum", 65535);
	w->alias_maximum = fields_number(f, "topic-alias-maximum", 0);
}

static void request_sent(struct watch *w, struct fields *f)
{
	struct request r = { .id = id_of(f), .is_subscribe = is(f, "SUBSCRIBE") };

	for (size_t i = 0; i < f->count; i++)
		r.filters += strcmp(f->all[i].name, "filter") == 0;
	if (w->request_count < MAX_REQUESTS)
		w->requests[w->request_count++] = r;
}

static void delivery_ended(struct watch *w, struct fields *f)
{
	uint16_t id = id_of(f);

	if (!bit_is_set(w->ids, id))
		return;
	bit_set(w->ids, id, false);
	w->in_flight--;
}

void watch_sent(struct watch *w, struct fields *f)
{
	if (is(f, "CONNECT") && !w->is_connecting)
		connect_sent(w, f);
	else if (is(f, "SUBSCRIBE") || is(f, "UNSUBSCRIBE"))
		request_sent(w, f);
	else if (is(f, "PUBACK") || is(f, "PUBCOMP"))
		delivery_ended(w, f);
	else if (is(f, "PUBREC") && fields_number(f, "reason", 0) >= 0x80)
		delivery_ended(w, f);
}

/* --- what the server says ------------------------------------------------------------------- */

static bool broken(struct str *problem, const struct fields *f, const char *rule)
{
	str_printf(problem, "%s: %s", f->type, rule);
	return false;
}

static bool order_kept(struct watch *w, struct fields *f, struct str *problem)
{
	if (w->is_over) /* [v5 MQTT-3.14.4-1, MQTT-3.2.2-7] [v3 MQTT-3.2.2-5] */
		return broken(problem, f, "nothing may follow a refusal or a DISCONNECT");
	if (is(f, "CONNACK") && w->has_connack) /* [v5 MQTT-3.2.0-2] */
		return broken(problem, f, "a connection has one");
	/* [v5 MQTT-3.2.0-1, MQTT-3.14.0-1] [v3 MQTT-3.2.0-1] */
	if (!is(f, "CONNACK") && !is(f, "AUTH") && !w->has_connack)
		return broken(problem, f, "CONNACK comes first");
	w->has_connack = w->has_connack || is(f, "CONNACK");
	w->is_over = is(f, "DISCONNECT") ||
		     (is(f, "CONNACK") && fields_number(f, "reason", 0) != 0);
	return true;
}

/* What CONNECT asked for; nothing is known when that was raw bytes. */
static bool wishes_kept(struct watch *w, struct fields *f, struct str *problem)
{
	bool may_explain = is(f, "PUBLISH") || is(f, "CONNACK") || is(f, "DISCONNECT");

	/* [v5 MQTT-3.1.2-24]; so no reason string may make a packet too large either */
	if (w->maximum_packet > 0 && fields_number(f, "size", 0) > w->maximum_packet)
		return broken(problem, f, "it is larger than the client's maximum packet size");
	/* [v5 MQTT-3.1.2-29] */
	if (w->no_problem_information && !may_explain &&
			(has(f, "reason-string") || has(f, "user-property")))
		return broken(problem, f, "problem information was declined");
	/* [v5 MQTT-3.1.2-28] */
	if (!w->wants_response_information && has(f, "response-information"))
		return broken(problem, f, "response information was not asked for");
	/* [v5 MQTT-4.12.0-6] */
	if (!w->has_method && (is(f, "AUTH") || has(f, "authentication-method")))
		return broken(problem, f, "the client has named no authentication method");
	return true;
}

/* [v5 MQTT-3.2.2-16, MQTT-3.1.3-7] */
static bool identifier_told(const struct watch *w, struct fields *f, struct str *problem)
{
	bool is_version_5 = has(f, "properties");

	if (is_version_5 && w->id_is_empty && fields_number(f, "reason", 0) == 0 &&
			!has(f, "assigned-client-identifier"))
		return broken(problem, f, "no client identifier is assigned");
	return true;
}

/* [v5 MQTT-3.1.2-26, MQTT-3.1.2-27, MQTT-3.3.2-11, MQTT-3.3.2-7] */
static bool alias_allowed(struct watch *w, struct fields *f, struct str *problem)
{
	uint32_t alias = fields_number(f, "topic-alias", 0);
	bool is_named = fields_text(f, "topic", "").len > 0;

	if (alias > w->alias_maximum)
		return broken(problem, f, "the topic alias is above the client's maximum");
	if (!is_named && !bit_is_set(w->aliases, (uint16_t)alias))
		return broken(problem, f, "the topic alias has been given no topic");
	if (alias > 0)
		bit_set(w->aliases, (uint16_t)alias, true);
	return true;
}

static bool delivery_allowed(struct watch *w, struct fields *f, struct str *problem)
{
	uint16_t id = id_of(f);

	if (!alias_allowed(w, f, problem))
		return false;
	if (fields_number(f, "qos", 0) == 0)
		return true;
	/* [v5 MQTT-2.2.1-4, MQTT-4.3.2-1, MQTT-4.3.3-1] [v3 MQTT-2.3.1-4] */
	if (bit_is_set(w->ids, id))
		return broken(problem, f, "its packet identifier is in use");
	bit_set(w->ids, id, true);
	w->in_flight++;
	/* [v5 MQTT-3.3.4-9, MQTT-4.9.0-1, MQTT-4.9.0-2] */
	if (w->in_flight > w->receive_maximum)
		return broken(problem, f, "it is above the client's receive maximum");
	return true;
}

static uint16_t count_codes(const struct fields *f)
{
	uint16_t codes = 0;

	for (size_t i = 0; i < f->count; i++)
		codes += strcmp(f->all[i].name, "code") == 0;
	return codes;
}

/* [v5 MQTT-2.2.1-6, MQTT-3.8.4-6] [v3 MQTT-2.3.1-7] */
static bool request_answered(struct watch *w, struct fields *f, struct str *problem)
{
	uint16_t id = id_of(f), codes = count_codes(f);
	bool has_codes = is(f, "SUBACK") || has(f, "properties");

	for (unsigned i = 0; i < w->request_count; i++) {
		struct request r = w->requests[i];

		if (r.id != id || r.is_subscribe != is(f, "SUBACK"))
			continue;
		w->requests[i] = w->requests[--w->request_count];
		return !has_codes || codes == r.filters ||
		       broken(problem, f, "it has not a code for each filter");
	}
	return broken(problem, f, "nothing with its packet identifier was asked");
}

bool watch_received(struct watch *w, struct fields *f, struct str *problem)
{
	if (!order_kept(w, f, problem))
		return false;
	if (w->is_blind)
		return true;
	if (!wishes_kept(w, f, problem))
		return false;
	if (is(f, "CONNACK"))
		return identifier_told(w, f, problem);
	if (is(f, "PUBLISH"))
		return delivery_allowed(w, f, problem);
	if (is(f, "SUBACK") || is(f, "UNSUBACK"))
		return request_answered(w, f, problem);
	return true;
}
