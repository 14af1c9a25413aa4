/* SPDX-License-Identifier: MIT */
#include "gateway/relay/filter.h"

#include "common/hash.h"
#include "common/mem.h"
#include "common/topic.h"
#include "gateway/relay/origin.h"

/* No state that a result has: the next result of the object is a change. */
enum { STATE_NONE = 4 };

/* An object whose state is remembered, by its hash: 1 in 10^10 that two of 100,000 share one. */
struct known_object {
	uint64_t id;
	uint8_t state; /* enum check_state, or STATE_NONE */
	bool is_heard; /* since it was last looked at for being forgotten */
	UT_hash_handle hh;
};

struct filter {
	struct filter_options options;
	struct known_object *objects; /* in the order in which they are to be forgotten */

	/*
	 * The verdicts of the last sequences: that of n at n modulo the size, with 1 added; 0: it
	 * was not asked about.
	 */
	uint8_t *verdicts;
	uint64_t highest; /* sequence that was asked about; 0: none */

	/* When the next record would be on time if all came evenly; 0: none has come yet. */
	struct wall_time due;
	int64_t interval; /* nanoseconds between records; 0: no limit */
};

struct filter *filter_create(const struct filter_options *options)
{
	struct filter *f = xcalloc(1, sizeof(*f));

	f->options = *options;
	if (f->options.max_objects == 0)
		f->options.max_objects = FILTER_MAX_OBJECTS;
	if (f->options.window == 0)
		f->options.window = FILTER_WINDOW;
	if (options->max_rate > 0)
		f->interval = 1000000000 / (int64_t)options->max_rate;
	f->verdicts = xcalloc(f->options.window, 1);
	return f;
}

void filter_destroy(struct filter *f)
{
	struct known_object *o, *next;

	if (f == NULL)
		return;
	HASH_ITER (hh, f->objects, o, next) {
		HASH_DEL(f->objects, o);
		free(o);
	}
	free(f->verdicts);
	free(f);
}

size_t filter_objects(const struct filter *f)
{
	return HASH_COUNT(f->objects);
}

/* --- what was decided before -------------------------------------------------------------- */

static uint8_t *verdict_at(struct filter *f, uint64_t sequence)
{
	return &f->verdicts[sequence % f->options.window];
}

static bool is_in_window(const struct filter *f, uint64_t sequence)
{
	return sequence <= f->highest && f->highest - sequence < f->options.window;
}

/* The sequences between the highest and this one were not asked about. */
static void move_window(struct filter *f, uint64_t sequence)
{
	uint64_t first = f->highest + 1;

	if (sequence - f->highest >= f->options.window)
		first = sequence - f->options.window + 1;
	for (uint64_t i = first; i <= sequence; i++)
		*verdict_at(f, i) = 0;
	f->highest = sequence;
}

/* --- the rules ---------------------------------------------------------------------------- */

static bool matches_one_of(const struct text_list *list, struct span topic)
{
	for (size_t i = 0; i < list->count; i++) {
		if (topic_matches(span_of_text(list->texts[i]), topic))
			return true;
	}
	return false;
}

/* The rules that look at nothing but the record. */
static enum filter_verdict judge_record(const struct filter *f, const struct record *record)
{
	const struct filter_options *o = &f->options;

	if (record->kind != RECORD_RESULT && record->kind != RECORD_MESSAGE)
		return FILTER_KIND;
	if (o->skip_retained && record->retain)
		return FILTER_RETAINED;
	if (o->topics != NULL && o->topics->count > 0 && !matches_one_of(o->topics, record->topic))
		return FILTER_TOPIC;
	if (o->exclude != NULL && matches_one_of(o->exclude, record->topic))
		return FILTER_EXCLUDED;
	if (record->kind == RECORD_RESULT && record_severity(record) < o->min_state)
		return FILTER_STATE;
	return FILTER_PASS;
}

/* Of host and service; the first is part of the seed, so that "a" of "bc" is not "ab" of "c". */
static uint64_t object_id(const struct filter *f, const struct check_result *r)
{
	return hash_span_wide(hash_span_wide(f->options.seed, r->host), r->service);
}

static struct known_object *find_object(struct filter *f, uint64_t id)
{
	struct known_object *o;

	HASH_FIND_BYHASHVALUE(hh, f->objects, &id, sizeof(id), (unsigned)id, o);
	if (o != NULL)
		o->is_heard = true;
	return o;
}

/* One that was not heard of since it was looked at last; those that were get another turn. */
static void forget_one(struct filter *f)
{
	struct known_object *o;

	while ((o = f->objects)->is_heard) {
		o->is_heard = false;
		HASH_DEL(f->objects, o);
		HASH_ADD_BYHASHVALUE(hh, f->objects, id, sizeof(o->id), (unsigned)o->id, o);
	}
	HASH_DEL(f->objects, o);
	free(o);
}

static void remember(struct filter *f, uint64_t id, struct known_object *o, uint8_t state)
{
	if (o == NULL) {
		if (HASH_COUNT(f->objects) >= f->options.max_objects)
			forget_one(f);
		o = xcalloc(1, sizeof(*o));
		o->id = id;
		HASH_ADD_BYHASHVALUE(hh, f->objects, id, sizeof(o->id), (unsigned)id, o);
	}
	o->state = state;
}

/*
 * A bucket of a second's worth, which is full at first. `due` is more than a second ahead only when
 * the clock was set back: the bucket begins anew then.
 */
static bool take_token(struct filter *f, struct wall_time received)
{
	struct wall_time earliest = { received.ns - 1000000000 + f->interval };

	if (f->interval == 0)
		return true;
	if (f->due.ns < earliest.ns || f->due.ns > received.ns + 1000000000)
		f->due = earliest;
	if (received.ns < f->due.ns)
		return false;
	f->due.ns += f->interval;
	return true;
}

/* The rules that depend on what came before. */
static enum filter_verdict judge_new(struct filter *f, const struct record *record)
{
	bool by_change = f->options.changes_only && record->kind == RECORD_RESULT;
	struct known_object *o = NULL;
	uint64_t id = 0;

	if (by_change) {
		id = object_id(f, &record->result);
		o = find_object(f, id);
		if (o != NULL && o->state == record->result.state)
			return FILTER_UNCHANGED;
	}
	if (!take_token(f, record->received))
		return FILTER_RATE;
	if (by_change)
		remember(f, id, o, (uint8_t)record->result.state);
	return FILTER_PASS;
}

/* What min_state held back came between: whatever passes next is a change. */
static void note_low_state(struct filter *f, const struct record *record)
{
	struct known_object *o;

	if (!f->options.changes_only)
		return;
	o = find_object(f, object_id(f, &record->result));
	if (o != NULL)
		o->state = STATE_NONE;
}

enum filter_verdict filter_passes(struct filter *f, const struct record *record)
{
	bool is_again = record->sequence <= f->highest;
	enum filter_verdict verdict;

	if (is_again && is_in_window(f, record->sequence)) {
		uint8_t before = *verdict_at(f, record->sequence);

		if (before > 0)
			return (enum filter_verdict)(before - 1);
	}
	verdict = judge_record(f, record);
	if (is_again)
		return verdict;
	if (verdict == FILTER_PASS)
		verdict = judge_new(f, record);
	else if (verdict == FILTER_STATE)
		note_low_state(f, record);
	move_window(f, record->sequence);
	*verdict_at(f, record->sequence) = (uint8_t)(verdict + 1);
	return verdict;
}
