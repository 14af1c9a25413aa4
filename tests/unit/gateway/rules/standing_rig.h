/* SPDX-License-Identifier: MIT */
/*
 * Standings under a fake clock, with calls as short as the sentences they test. Times are seconds;
 * wall times count from `epoch`, instants from 0.
 */
#ifndef TESTS_UNIT_GATEWAY_RULES_STANDING_RIG_H
#define TESTS_UNIT_GATEWAY_RULES_STANDING_RIG_H

#include "common/mem.h"
#include "gateway/rules/standing.h"

#include <stdio.h>

static const int64_t epoch = 1795384096;

struct told {
	char host[300], service[300], output[128];
	struct silence silence;
};

struct rig {
	struct standing_policy policy;
	struct standings *s;
	int64_t mono, wall; /* the present; a test that sets the clock changes wall alone */
	bool retained, from_silence; /* of the next message */
	struct told told[64];	     /* by the last rig_due() */
	size_t told_count;
};

static inline int64_t ns_of(int64_t t)
{
	return t * 1000000000;
}

static inline struct wall_time at(int64_t t)
{
	return (struct wall_time){ ns_of(epoch + t) };
}

static inline struct arrival rig_arrival(const struct rig *r)
{
	return (struct arrival){ .received = at(r->wall),
		.now = { ns_of(r->mono) },
		.retained = r->retained,
		.from_silence = r->from_silence };
}

static inline void rig_start(struct rig *r)
{
	*r = (struct rig){ .mono = 1000 };
	r->policy = (struct standing_policy){ .max_age = seconds(3600),
		.when_old = STAMP_REJECT,
		.max_skew = seconds(60),
		.when_new = STAMP_REJECT,
		.id_window = seconds(600),
		.max_ids = 100,
		.grace = seconds(30) };
	r->s = standings_create(&r->policy, 42);
}

static inline void rig_set_policy(struct rig *r)
{
	standings_set_policy(r->s, &r->policy);
}

static inline void rig_finish(struct rig *r)
{
	standings_destroy(r->s);
}

static inline void rig_pass(struct rig *r, int64_t t)
{
	r->mono += t;
	r->wall += t;
}

enum { NO_TIME = INT32_MIN, REFUSED = INT32_MIN + 1 };

/* Of service "s" on host "h": judged, not taken. */
static inline struct check_result rig_result(enum check_state state, int64_t time)
{
	return (struct check_result){ .host = SPAN("h"),
		.service = SPAN("s"),
		.state = state,
		.output = SPAN("text"),
		.time = time != NO_TIME ? at(time) : (struct wall_time){ 0 },
		.ttl = -1 };
}

static inline enum standing_verdict rig_judge(struct rig *r, int64_t time, const char *id)
{
	struct check_result result = rig_result(CHECK_OK, time);
	struct arrival arrival = rig_arrival(r);

	result.id = span_of_text(id);
	return standings_judge(r->s, &result, &arrival, NULL);
}

/* Judge and, where fresh, take; the verdict. */
static inline enum standing_verdict rig_submit(
		struct rig *r, struct check_result *result, int64_t ttl)
{
	struct arrival arrival = rig_arrival(r);
	struct silence_rule rule = { .ttl = ttl, .becomes = CHECK_UNKNOWN };
	enum standing_verdict verdict = standings_judge(r->s, result, &arrival, NULL);

	if (verdict == STANDING_FRESH)
		standings_take(r->s, result, &arrival, &rule);
	return verdict;
}

/* The same with a plain result; its stamp in seconds behind the epoch, or REFUSED. */
static inline int64_t rig_take(struct rig *r, int64_t time, int64_t ttl)
{
	struct check_result result = rig_result(CHECK_OK, time);

	if (rig_submit(r, &result, ttl) != STANDING_FRESH)
		return REFUSED;
	return wall_time_seconds(result.time) - epoch;
}

static inline int64_t rig_take_id(struct rig *r, int64_t time, const char *id)
{
	struct check_result result = rig_result(CHECK_OK, time);

	result.id = span_of_text(id);
	if (rig_submit(r, &result, 0) != STANDING_FRESH)
		return REFUSED;
	return wall_time_seconds(result.time) - epoch;
}

static inline void rig_say(struct rig *r, bool is_there, int64_t delay, int64_t ttl)
{
	struct presence presence = { .host = SPAN("h"),
		.service = SPAN("s"),
		.is_there = is_there,
		.delay = seconds(delay),
		.rule = { .ttl = ttl, .becomes = CHECK_CRITICAL } };
	struct arrival arrival = rig_arrival(r);

	standings_present(r->s, &presence, &arrival);
}

static inline void rig_note_silence(void *owner, const struct silence *silence)
{
	struct rig *r = owner;
	struct told *t = &r->told[r->told_count++ % array_size(r->told)];

	t->silence = *silence;
	snprintf(t->host, sizeof(t->host), "%.*s", SPAN_ARGS(silence->host));
	snprintf(t->service, sizeof(t->service), "%.*s", SPAN_ARGS(silence->service));
	snprintf(t->output, sizeof(t->output), "%.*s", SPAN_ARGS(silence->last_output));
}

static inline size_t rig_due_most(struct rig *r, size_t most)
{
	r->told_count = 0;
	return standings_due(r->s, (struct instant){ ns_of(r->mono) }, most, rig_note_silence, r);
}

/* How many fell silent or came back. */
static inline size_t rig_due(struct rig *r)
{
	return rig_due_most(r, SIZE_MAX);
}

/* The kind of the only one that does; -1: none, or several. */
static inline int rig_due_kind(struct rig *r)
{
	return rig_due(r) == 1 ? (int)r->told[0].silence.kind : -1;
}

static inline int64_t rig_next(const struct rig *r)
{
	struct instant next = standings_next(r->s);

	return next.ns == INSTANT_NEVER.ns ? -1 : next.ns / 1000000000;
}

static inline struct standing_view rig_view(const struct rig *r)
{
	struct standing_view view = { 0 };

	standings_find(r->s, (struct span)SPAN("h"), (struct span)SPAN("s"), &view);
	return view;
}

/* --- the form on disk --- */

struct disk_entry {
	uint8_t *key, *value;
	size_t key_len, value_len;
};

struct disk {
	struct disk_entry *entries;
	size_t count, capacity;
	size_t writes; /* calls since it was looked at last */
};

static inline int disk_compare(const void *a, const void *b)
{
	const struct disk_entry *x = a, *y = b;
	size_t len = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order = memcmp(x->key, y->key, len);

	return order != 0 ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

static inline void disk_write(void *owner, struct span key, struct span value)
{
	struct disk *d = owner;
	size_t i = 0;

	d->writes++;
	while (i < d->count && !span_equal(span_of(d->entries[i].key, d->entries[i].key_len), key))
		i++;
	if (i < d->count) {
		free(d->entries[i].key);
		free(d->entries[i].value);
		d->entries[i] = d->entries[--d->count];
	}
	if (value.len == 0)
		return;
	d->entries = grow_array(d->entries, d->count, &d->capacity, sizeof(*d->entries));
	d->entries[d->count++] = (struct disk_entry){ xmemdup(key.data, key.len),
		xmemdup(value.data, value.len), key.len, value.len };
}

static inline void disk_finish(struct disk *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->entries[i].key);
		free(d->entries[i].value);
	}
	free(d->entries);
	*d = (struct disk){ 0 };
}

/* Load every entry in the order of keys; how many were refused. */
static inline size_t disk_load(struct disk *d, struct standings *s, const struct arrival *present)
{
	size_t refused = 0;

	if (d->count > 0)
		qsort(d->entries, d->count, sizeof(*d->entries), disk_compare);
	for (size_t i = 0; i < d->count; i++) {
		struct disk_entry *e = &d->entries[i];

		if (!standings_load(s, span_of(e->key, e->key_len), span_of(e->value, e->value_len),
				    present))
			refused++;
	}
	return refused;
}

/* Write everything down and start again from it, after `away` seconds. */
static inline size_t rig_restart(struct rig *r, struct disk *d, int64_t away)
{
	struct arrival present;

	standings_flush(r->s, disk_write, d);
	standings_flushed(r->s);
	standings_destroy(r->s);
	rig_pass(r, away);
	r->s = standings_create(&r->policy, 43);
	present = rig_arrival(r);
	return disk_load(d, r->s, &present);
}

/* The result that the gateway makes of a silence; its time. */
static inline int64_t rig_tell(struct rig *r, enum check_state becomes)
{
	struct check_result result = rig_result(becomes, NO_TIME);

	result.output = (struct span)SPAN("nothing heard");
	r->from_silence = true;
	rig_submit(r, &result, 0);
	r->from_silence = false;
	return wall_time_seconds(result.time) - epoch;
}

#endif
