/* SPDX-License-Identifier: MIT */
#include "gateway/rules/standing.h"

#include "common/mem.h"
#include "common/utf8.h"
#include "gateway/rules/standing_impl.h"

struct standings *standings_create(const struct standing_policy *policy, uint64_t seed)
{
	struct standings *s = xcalloc(1, sizeof(*s));

	s->policy = *policy;
	s->seed = seed;
	s->ids = recent_ids_create(policy->id_window, policy->max_ids);
	s->hold_until.ns = INT64_MIN;
	return s;
}

void standings_destroy(struct standings *s)
{
	struct standing *x, *next;

	if (s == NULL)
		return;
	HASH_ITER (hh, s->table, x, next) {
		HASH_DELETE(hh, s->table, x);
		free(x->output);
		free(x->context);
		free(x);
	}
	recent_ids_destroy(s->ids);
	deadlines_finish(&s->deadlines);
	free(s->changed.items);
	free(s->handed.items);
	free(s);
}

void standings_set_policy(struct standings *s, const struct standing_policy *policy)
{
	s->policy = *policy;
	recent_ids_set_limits(s->ids, policy->id_window, policy->max_ids);
}

/* --- entries --- */

struct span standing_host(const struct standing *x)
{
	return span_of(x->hh.key, x->host_len);
}

struct span standing_service(const struct standing *x)
{
	return span_of((const uint8_t *)x->hh.key + x->host_len + 1, x->service_len);
}

struct span standing_output(const struct standing *x)
{
	return span_of(x->output, x->output_len);
}

/* Empty when they cannot be names: the names in the table have no NUL. */
static struct span make_key(uint8_t key[KEY_BYTES], struct span host, struct span service)
{
	if (host.len == 0 || host.len > MAX_NAME_BYTES || service.len > MAX_NAME_BYTES)
		return (struct span){ 0 };
	memcpy(key, host.data, host.len);
	key[host.len] = 0;
	if (service.len > 0)
		memcpy(key + host.len + 1, service.data, service.len);
	return span_of(key, host.len + 1 + service.len);
}

static struct standing *find_key(const struct standings *s, struct span key, uint32_t hash)
{
	struct standing *x = NULL;

	if (key.len > 0)
		HASH_FIND_BYHASHVALUE(hh, s->table, key.data, (unsigned)key.len, hash, x);
	return x;
}

struct standing *standing_find(const struct standings *s, struct span host, struct span service)
{
	uint8_t bytes[KEY_BYTES];
	struct span key = make_key(bytes, host, service);

	return find_key(s, key, hash_span(s->seed, key));
}

static struct standing *get(struct standings *s, struct span host, struct span service, size_t most)
{
	uint8_t bytes[KEY_BYTES];
	struct span key = make_key(bytes, host, service);
	uint32_t hash = hash_span(s->seed, key);
	struct standing *x = find_key(s, key, hash);

	if (x != NULL)
		return x;
	if (standings_count(s) >= most || !name_valid(host) ||
			(service.len > 0 && !name_valid(service)))
		return NULL;
	x = xcalloc(1, sizeof(*x) + key.len);
	memcpy(x + 1, key.data, key.len);
	x->host_len = (uint8_t)host.len;
	x->service_len = (uint8_t)service.len;
	x->result_due = x->presence_due = INSTANT_NEVER;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, s->table, x + 1, (unsigned)key.len, hash, x);
	return x;
}

struct standing *standing_get(struct standings *s, struct span host, struct span service)
{
	return get(s, host, service, s->policy.max_objects > 0 ? s->policy.max_objects : SIZE_MAX);
}

struct standing *standing_restore(struct standings *s, struct span host, struct span service)
{
	return get(s, host, service, SIZE_MAX);
}

void standing_set_output(struct standing *x, struct span output)
{
	size_t len = utf8_first(output, OUTPUT_BYTES).len;

	if (len > x->output_room) {
		free(x->output);
		x->output_room = (uint8_t)((len + 7) / 8 * 8);
		x->output = xmalloc(x->output_room);
	}
	if (len > 0)
		memcpy(x->output, output.data, len);
	x->output_len = (uint8_t)len;
}

struct span standing_context(const struct standing *x)
{
	return span_of(x->context, x->context_len);
}

/* The same one nearly always. */
void standing_set_context(struct standing *x, struct span context)
{
	if (context.len > CONTEXT_BYTES)
		context.len = 0;
	if (span_equal(context, standing_context(x)))
		return;
	free(x->context);
	x->context = context.len > 0 ? xmemdup(context.data, context.len) : NULL;
	x->context_len = (uint16_t)context.len;
}

void standing_changed(struct standings *s, struct standing *x)
{
	struct standing_list *list = &s->changed;

	if (x->is_changed)
		return;
	x->is_changed = true;
	list->items = grow_array(list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = x;
}

/* --- time --- */

/* `t` moved by `ns`, which saturates: a policy may be longer than time. */
static int64_t moved(int64_t t, int64_t ns)
{
	int64_t sum;

	if (__builtin_add_overflow(t, ns, &sum))
		return ns > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static bool is_ahead(const struct standings *s, struct wall_time t, struct wall_time received)
{
	return t.ns > moved(received.ns, s->policy.max_skew.ns);
}

static bool is_old(const struct standings *s, struct wall_time t, struct wall_time received)
{
	return s->policy.max_age.ns > 0 && t.ns < moved(received.ns, -s->policy.max_age.ns);
}

static struct wall_time later(struct wall_time a, struct wall_time b)
{
	return a.ns > b.ns ? a : b;
}

uint32_t standing_seconds(int64_t seconds)
{
	return seconds <= 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

void standing_note_clock(struct standing *x, const struct arrival *arrival)
{
	x->wall_offset = moved(arrival->received.ns, -arrival->now.ns);
}

/* --- judge --- */

/*
 * Does a retained result say nothing new of an object that is known? One without a time of its own
 * never does. Where the last result came without one, or the object is gone, it has to be newer
 * than what was told: it may be older than both.
 */
static bool is_known(const struct standings *s, const struct standing *x,
		const struct check_result *result, const struct arrival *arrival)
{
	struct wall_time known = x->own;

	if (!x->has_result && x->silent == SILENT_NOT)
		return false;
	if (x->by_arrival || x->silent == SILENT_GONE)
		known = later(known, x->floor);
	return result->time.ns == 0 || is_ahead(s, result->time, arrival->received) ||
	       result->time.ns <= known.ns;
}

static bool is_repeated(const struct standings *s, const struct check_result *result,
		const struct arrival *arrival)
{
	struct id_hash hash;

	if (result->id.len == 0 || s->policy.id_window.ns <= 0 || s->policy.max_ids == 0)
		return false;
	hash = recent_ids_hash(s->ids, result->host, result->service, result->id);
	return recent_ids_has(s->ids, &hash, arrival->now);
}

/* Its own time against the policy; result->own_time is what of it counts for the order. */
static enum standing_verdict judge_time(const struct standings *s, const struct standing *x,
		struct check_result *result, const struct arrival *arrival)
{
	struct wall_time received = arrival->received, own = result->time;
	bool ahead = is_ahead(s, own, received), old = is_old(s, own, received);
	enum stamp_policy policy = ahead ? s->policy.when_new
				   : old ? s->policy.when_old
					 : STAMP_KEEP;

	if (policy == STAMP_REJECT)
		return ahead ? STANDING_TOO_NEW : STANDING_TOO_OLD;
	if (policy == STAMP_RECEIVED)
		result->time.ns = 0;
	else if (!ahead && x != NULL && wall_time_seconds(own) < wall_time_seconds(x->own))
		return STANDING_OUT_OF_ORDER;
	if (!ahead)
		result->own_time = own;
	return STANDING_FRESH;
}

enum standing_verdict standings_judge(const struct standings *s, struct check_result *result,
		const struct arrival *arrival, bool *ret_restamped)
{
	const struct standing *x = standing_find(s, result->host, result->service);
	bool has_time = result->time.ns != 0;
	enum standing_verdict verdict = STANDING_FRESH;

	if (ret_restamped != NULL)
		*ret_restamped = false;
	result->own_time.ns = 0;
	if (arrival->from_silence)
		result->time.ns = 0;
	else if (arrival->retained && x != NULL && is_known(s, x, result, arrival))
		return STANDING_KNOWN;
	else if (is_repeated(s, result, arrival))
		return arrival->retained ? STANDING_KNOWN : STANDING_DUPLICATE;
	else if (has_time)
		verdict = judge_time(s, x, result, arrival);
	if (verdict != STANDING_FRESH)
		return verdict;
	if (ret_restamped != NULL)
		*ret_restamped = has_time && !arrival->from_silence && result->time.ns == 0;
	if (result->time.ns == 0)
		result->time = arrival->received;
	if (x != NULL)
		result->time = later(result->time, x->floor);
	return STANDING_FRESH;
}

/* --- take --- */

/* A stamp that is ahead of what max_skew allows counts as its arrival for what follows. */
static void note_stamp(const struct standings *s, struct standing *x,
		const struct check_result *result, const struct arrival *arrival)
{
	struct wall_time stamp = result->time;

	x->floor = later(x->floor,
			is_ahead(s, stamp, arrival->received) ? arrival->received : stamp);
}

static void note_result(struct standing *x, const struct check_result *result,
		const struct arrival *arrival)
{
	x->stamp = result->time;
	x->own = later(x->own, result->own_time);
	x->by_arrival = result->own_time.ns == 0;
	x->received = arrival->received;
	x->state = x->told = (unsigned)result->state & 3;
	x->has_result = true;
	standing_set_output(x, result->output);
}

bool standings_take(struct standings *s, const struct check_result *result,
		const struct arrival *arrival, const struct silence_rule *rule)
{
	struct standing *x = standing_get(s, result->host, result->service);

	if (x == NULL)
		return false;
	note_stamp(s, x, result, arrival);
	standing_note_clock(x, arrival);
	if (arrival->from_silence) {
		standing_told(x, result, arrival->now);
	} else {
		note_result(x, result, arrival);
		standing_set_context(x, rule->context);
		standing_heard(x, arrival, rule);
	}
	standing_arm(s, x);
	standing_changed(s, x);
	if (result->id.len > 0 && !arrival->from_silence && s->policy.id_window.ns > 0) {
		struct id_hash hash =
				recent_ids_hash(s->ids, result->host, result->service, result->id);

		recent_ids_add(s->ids, &hash, arrival->now, arrival->received);
	}
	return true;
}

/* --- commands --- */

/* The id of a command is none of a result's. */
static struct id_hash hash_of_command(const struct standings *s, const struct command *c)
{
	struct str id = { 0 };
	struct id_hash hash;

	str_append_text(&id, "$command ");
	str_append(&id, c->id);
	hash = recent_ids_hash(s->ids, c->host, c->service, str_span(&id));
	str_finish(&id);
	return hash;
}

static bool remembers(const struct standings *s, const struct command *c)
{
	return c->id.len > 0 && s->policy.id_window.ns > 0 && s->policy.max_ids > 0;
}

enum standing_verdict standings_judge_command(
		const struct standings *s, const struct command *c, const struct arrival *arrival)
{
	struct check_result timed = { .time = c->time };

	if (remembers(s, c)) {
		struct id_hash hash = hash_of_command(s, c);

		if (recent_ids_has(s->ids, &hash, arrival->now))
			return STANDING_DUPLICATE;
	}
	return c->time.ns == 0 ? STANDING_FRESH : judge_time(s, NULL, &timed, arrival);
}

void standings_take_command(
		struct standings *s, const struct command *c, const struct arrival *arrival)
{
	if (remembers(s, c)) {
		struct id_hash hash = hash_of_command(s, c);

		recent_ids_add(s->ids, &hash, arrival->now, arrival->received);
	}
}

/* --- views --- */

bool standings_find(const struct standings *s, struct span host, struct span service,
		struct standing_view *ret)
{
	const struct standing *x = standing_find(s, host, service);

	if (x == NULL || (!x->has_result && x->silent == SILENT_NOT))
		return false;
	*ret = (struct standing_view){
		.state = (enum check_state)x->told,
		.output = standing_output(x),
		.time = x->stamp,
		.received = x->received,
		.is_silent = x->silent != SILENT_NOT,
		.ttl = x->ttl,
	};
	return true;
}

size_t standings_count(const struct standings *s)
{
	return HASH_COUNT(s->table);
}
