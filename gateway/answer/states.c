/* SPDX-License-Identifier: MIT */
#include "gateway/answer/states.h"

#include <inttypes.h>

#include "common/hash.h"
#include "common/json.h"
#include "common/object_topic.h"
#include "common/str.h"
#include "common/utf8.h"

enum {
	TICK_MS = 100,	  /* what came within is published together */
	MAX_OUTPUT = 512, /* bytes of output that a state tells */
	MAX_WAITING = 100000,
};

struct state {
	UT_hash_handle hh; /* by topic */
	struct state *next;
	char *topic;
	size_t topic_len;
	struct str payload;
	unsigned source;
};

struct states {
	uint64_t rate;
	const char *gateway_id;
	uint64_t seed;
	struct state *table;
	struct state *first, **last; /* in the order in which they began to wait */
	struct instant next;
	struct str topic;
};

struct states *states_create(uint64_t rate, const char *gateway_id, uint64_t seed)
{
	struct states *s = xcalloc(1, sizeof(*s));

	s->rate = rate;
	s->gateway_id = gateway_id;
	s->seed = seed;
	s->last = &s->first;
	s->next = INSTANT_NEVER;
	return s;
}

static void drop_first(struct states *s)
{
	struct state *state = s->first;

	s->first = state->next;
	if (s->first == NULL)
		s->last = &s->first;
	HASH_DEL(s->table, state);
	free(state->topic);
	str_finish(&state->payload);
	free(state);
}

void states_clear(struct states *s)
{
	while (s->first != NULL)
		drop_first(s);
	s->next = INSTANT_NEVER;
}

void states_destroy(struct states *s)
{
	if (s == NULL)
		return;
	states_clear(s);
	str_finish(&s->topic);
	free(s);
}

static void format(const struct states *s, const struct state_note *note, struct str *into)
{
	const struct check_result *r = note->result;

	str_append_text(into, "{\"host\":");
	json_append_string(into, r->host);
	if (r->service.len > 0)
		json_append_member(into, "service", r->service);
	str_printf(into, ",\"state\":%d", (int)r->state);
	json_append_member(into, "state_text",
			span_of_text(check_state_name(r->state, r->service.len == 0)));
	json_append_member(into, "output", utf8_first(r->output, MAX_OUTPUT));
	if (r->perfdata.len > 0 && r->perfdata.len <= MAX_OUTPUT)
		json_append_member(into, "perfdata", r->perfdata);
	json_append_time(into, "time", r->time);
	json_append_time(into, "received", note->received);
	if (r->ttl >= 0)
		str_printf(into, ",\"ttl\":%" PRId64, r->ttl);
	str_printf(into, ",\"silent\":%s", note->is_silent ? "true" : "false");
	json_append_member(into, "gateway", span_of_text(s->gateway_id));
	str_append_byte(into, '}');
}

/* NULL when too many wait. */
static struct state *state_of_topic(struct states *s, struct span topic)
{
	unsigned hash = hash_span(s->seed, topic);
	struct state *state;

	HASH_FIND_BYHASHVALUE(hh, s->table, topic.data, topic.len, hash, state);
	if (state != NULL || HASH_COUNT(s->table) >= MAX_WAITING)
		return state;
	state = xcalloc(1, sizeof(*state));
	state->topic = span_dup_text(topic);
	state->topic_len = topic.len;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, s->table, state->topic, state->topic_len, hash, state);
	*s->last = state;
	s->last = &state->next;
	return state;
}

bool states_note(struct states *s, const struct state_note *note)
{
	struct state *state;

	if (s->rate == 0)
		return true;
	str_clear(&s->topic);
	object_topic(&s->topic, "belfry/state", note->result->host, note->result->service);
	state = state_of_topic(s, str_span(&s->topic));
	if (state == NULL)
		return false;
	str_clear(&state->payload);
	format(s, note, &state->payload);
	state->source = note->source;
	if (s->next.ns == INSTANT_NEVER.ns)
		s->next = (struct instant){ 0 }; /* the next time anybody looks */
	return true;
}

void states_publish(struct states *s, struct instant now, struct outbound *const *outbounds,
		size_t outbound_count)
{
	uint64_t most = s->rate * TICK_MS / 1000 + 1;

	if (s->first == NULL || !instant_reached(s->next, now))
		return;
	s->next = instant_after(now, milliseconds(TICK_MS));
	for (; s->first != NULL && most > 0; most--) {
		struct state *state = s->first;
		struct outbound *to = outbounds[state->source % outbound_count];

		if (outbound_is_half_full(to))
			return;
		outbound_push(to, outbound_message_create(OUTBOUND_STATE,
						  span_of(state->topic, state->topic_len),
						  str_span(&state->payload), (struct span){ 0 }));
		drop_first(s);
	}
	if (s->first == NULL)
		s->next = INSTANT_NEVER;
}

struct instant states_next(const struct states *s)
{
	return s->first != NULL ? s->next : INSTANT_NEVER;
}
