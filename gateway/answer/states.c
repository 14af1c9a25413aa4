/* SPDX-License-Identifier: MIT */
#include "gateway/answer/states.h"

#include <inttypes.h>
#include <utlist.h>

#include "common/hash.h"
#include "common/json.h"
#include "common/object_topic.h"
#include "common/str.h"
#include "common/utf8.h"

enum {
	TICK_MS = 100,	  /* what came within is published together */
	MAX_OUTPUT = 512, /* bytes of output that a state tells */
	MAX_WAITING = 100000,
	MOST_AT_ONCE = 20, /* at the end: what waits here is counted, in the outbound it is not */
};

/* Texts as they came: most states are outdated before they are published. */
struct state {
	UT_hash_handle hh; /* by host, NUL, service: they lie behind it in the same allocation */
	struct state *prev, *next; /* of its queue */
	size_t host_len, service_len;
	struct str texts; /* output, perfdata */
	size_t output_len;
	enum check_state state;
	struct wall_time time, received;
	int64_t ttl;
	bool is_silent;
	unsigned source;
};

/* What waits for one broker, in the order in which it began to wait; utlist. */
struct queue {
	struct state *first;
	size_t count;
};

struct states {
	uint64_t rate;
	const char *gateway_id;
	uint64_t seed;
	struct state *table;
	struct queue *queues; /* by source: a broker that takes nothing holds up its own only */
	size_t queue_count, turn;
	bool is_closed;
	struct instant next;
	struct str key, topic, payload;
};

struct states *states_create(
		uint64_t rate, const char *gateway_id, size_t source_count, uint64_t seed)
{
	struct states *s = xcalloc(1, sizeof(*s));

	s->rate = rate;
	s->gateway_id = gateway_id;
	s->seed = seed;
	s->queues = xcalloc(source_count, sizeof(*s->queues));
	s->queue_count = source_count;
	s->next = INSTANT_NEVER;
	return s;
}

static struct queue *queue_of(struct states *s, unsigned source)
{
	return &s->queues[source % s->queue_count];
}

static void enqueue(struct states *s, struct state *state, unsigned source)
{
	struct queue *q = queue_of(s, source);

	state->source = source;
	DL_APPEND(q->first, state);
	q->count++;
}

static void dequeue(struct states *s, struct state *state)
{
	struct queue *q = queue_of(s, state->source);

	DL_DELETE(q->first, state);
	q->count--;
}

static void drop(struct states *s, struct state *state)
{
	dequeue(s, state);
	HASH_DEL(s->table, state);
	str_finish(&state->texts);
	free(state);
}

void states_clear(struct states *s)
{
	for (size_t i = 0; i < s->queue_count; i++) {
		while (s->queues[i].first != NULL)
			drop(s, s->queues[i].first);
	}
	s->next = INSTANT_NEVER;
}

void states_destroy(struct states *s)
{
	if (s == NULL)
		return;
	states_clear(s);
	free(s->queues);
	str_finish(&s->key);
	str_finish(&s->topic);
	str_finish(&s->payload);
	free(s);
}

static struct span host_of(const struct state *state)
{
	return span_of(state->hh.key, state->host_len);
}

static struct span service_of(const struct state *state)
{
	return span_of((const uint8_t *)state->hh.key + state->host_len + 1, state->service_len);
}

static void format(const struct states *s, const struct state *state, struct str *into)
{
	struct span texts = str_span(&state->texts), service = service_of(state);

	str_append_text(into, "{\"host\":");
	json_append_string(into, host_of(state));
	if (service.len > 0)
		json_append_member(into, "service", service);
	str_printf(into, ",\"state\":%d", (int)state->state);
	json_append_member(into, "state_text",
			span_of_text(check_state_name(state->state, service.len == 0)));
	json_append_member(into, "output", span_first(texts, state->output_len));
	if (texts.len > state->output_len)
		json_append_member(into, "perfdata", span_from(texts, state->output_len));
	json_append_time(into, "time", state->time);
	json_append_time(into, "received", state->received);
	if (state->ttl >= 0)
		str_printf(into, ",\"ttl\":%" PRId64, state->ttl);
	str_printf(into, ",\"silent\":%s", state->is_silent ? "true" : "false");
	json_append_member(into, "gateway", span_of_text(s->gateway_id));
	str_append_byte(into, '}');
}

/* The one that waits, or one that begins to wait. NULL when too many do. */
static struct state *state_of(
		struct states *s, struct span host, struct span service, unsigned source)
{
	struct state *state;
	struct span key;
	unsigned hash;

	str_clear(&s->key);
	str_append(&s->key, host);
	str_append_byte(&s->key, 0);
	str_append(&s->key, service);
	key = str_span(&s->key);
	hash = hash_span(s->seed, key);
	HASH_FIND_BYHASHVALUE(hh, s->table, key.data, key.len, hash, state);
	if (state != NULL || HASH_COUNT(s->table) >= MAX_WAITING)
		return state;
	state = xcalloc(1, sizeof(*state) + key.len);
	memcpy(state + 1, key.data, key.len);
	state->host_len = host.len;
	state->service_len = service.len;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, s->table, state + 1, key.len, hash, state);
	enqueue(s, state, source);
	return state;
}

bool states_note(struct states *s, const struct state_note *note)
{
	const struct check_result *r = note->result;
	struct state *state;

	if (s->rate == 0 || s->is_closed)
		return true;
	state = state_of(s, r->host, r->service, note->source);
	if (state == NULL)
		return false;
	if (state->source != note->source) {
		dequeue(s, state);
		enqueue(s, state, note->source);
	}
	str_clear(&state->texts);
	str_append(&state->texts, utf8_first(r->output, MAX_OUTPUT));
	state->output_len = state->texts.len;
	if (r->perfdata.len <= MAX_OUTPUT)
		str_append(&state->texts, r->perfdata);
	state->state = r->state;
	state->time = r->time;
	state->received = note->received;
	state->ttl = r->ttl;
	state->is_silent = note->is_silent;
	if (s->next.ns == INSTANT_NEVER.ns)
		s->next = (struct instant){ 0 }; /* the next time anybody looks */
	return true;
}

static struct outbound_message *message_of(struct states *s, const struct state *state)
{
	str_clear(&s->topic);
	str_clear(&s->payload);
	object_topic(&s->topic, "belfry/state", host_of(state), service_of(state));
	format(s, state, &s->payload);
	return outbound_message_create(OUTBOUND_STATE, str_span(&s->topic), str_span(&s->payload),
			(struct span){ 0 });
}

static bool publish_first(struct states *s, struct queue *q, struct outbound *to)
{
	if (q->first == NULL || outbound_is_half_full(to))
		return false;
	outbound_push(to, message_of(s, q->first));
	drop(s, q->first);
	return true;
}

void states_publish(struct states *s, struct instant now, struct outbound *const *outbounds)
{
	uint64_t most = s->rate * TICK_MS / 1000 + 1;

	if (s->is_closed || s->table == NULL || !instant_reached(s->next, now))
		return;
	s->next = instant_after(now, milliseconds(TICK_MS));
	/* In turns, until none of them could publish. */
	for (size_t idle = 0; most > 0 && idle < s->queue_count;) {
		size_t i = s->turn++ % s->queue_count;

		if (publish_first(s, &s->queues[i], outbounds[i])) {
			idle = 0;
			most--;
		} else {
			idle++;
		}
	}
	if (s->table == NULL)
		s->next = INSTANT_NEVER;
}

struct instant states_next(const struct states *s)
{
	return s->table != NULL && !s->is_closed ? s->next : INSTANT_NEVER;
}

void states_close(struct states *s)
{
	s->is_closed = true;
}

size_t states_publish_rest(struct states *s, size_t source, struct outbound *to)
{
	struct queue *q = &s->queues[source];

	while (outbound_count(to) < MOST_AT_ONCE && publish_first(s, q, to))
		;
	return q->count;
}

size_t states_count(const struct states *s)
{
	return HASH_COUNT(s->table);
}
