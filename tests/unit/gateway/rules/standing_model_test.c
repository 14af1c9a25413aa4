/* SPDX-License-Identifier: MIT */
/*
 * Random messages, clocks that jump, flushes and crashes, against the rules of standing.h written
 * down once more without a table, a heap or an order of calls to rely on. After a crash both start
 * from the last flush and read what came since again, as the gateway does from its journal.
 */
#include "tests/unit/gateway/rules/standing_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { OBJECTS = 4, MAX_IDS = 4096, MAX_LOG = 512, RUNS = 400, STEPS = 300 };

static const int64_t never = INT64_MAX;

/* What there is to know of one object. All times in seconds; walls count from the epoch. */
struct ref {
	bool has_result, by_arrival, said_gone, is_back;
	int silent; /* 1: overdue, 2: gone */
	int64_t stamp, floor, own, received;
	int64_t result_due, presence_due, offset;
	int64_t ttl, wait;
	enum check_state told;
};

struct ref_id {
	unsigned object, id;
	int64_t noted, received;
};

struct world {
	struct ref objects[OBJECTS];
	struct ref_id ids[MAX_IDS];
	size_t id_count;
	int64_t hold;
};

/* One call, to be made again after a crash. */
struct step {
	bool is_presence, is_there, retained, from_silence;
	unsigned object, id;
	enum check_state state;
	int64_t mono, wall, time, ttl, delay;
};

struct model {
	struct rig r;
	struct disk disk;
	struct world now, on_disk;
	struct step log[MAX_LOG];
	size_t log_count;
	uint32_t random;
	/* What no order of calls may break. */
	int64_t last_stamp[OBJECTS];
	bool has_stamp[OBJECTS], was_silent[OBJECTS];
	bool is_steady; /* nobody sets the clock */
};

static uint32_t random_below(struct model *m, uint32_t n)
{
	m->random = m->random * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)m->random * n) >> 32);
}

static bool one_in(struct model *m, uint32_t n)
{
	return random_below(m, n) == 0;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static const char *const names[OBJECTS][2] = { { "a", "" }, { "a", "b" }, { "ab", "" },
	{ "c", "d" } };

/* --- the rules again --- */

static bool ref_is_over(const struct model *m, const struct ref_id *id, int64_t mono)
{
	return mono - id->noted > m->r.policy.id_window.ns / 1000000000;
}

static void ref_drop_id(struct model *m, size_t i)
{
	m->now.id_count--;
	memmove(&m->now.ids[i], &m->now.ids[i + 1], (m->now.id_count - i) * sizeof(m->now.ids[0]));
}

static bool ref_id_came(const struct model *m, const struct step *e)
{
	for (size_t i = 0; e->id > 0 && i < m->now.id_count; i++) {
		const struct ref_id *id = &m->now.ids[i];

		if (id->object == e->object && id->id == e->id && !ref_is_over(m, id, e->mono))
			return true;
	}
	return false;
}

/* The verdict; *stamp and the part of the own time that counts. */
static enum standing_verdict ref_judge(
		const struct model *m, const struct step *e, int64_t *stamp, int64_t *own)
{
	const struct ref *x = &m->now.objects[e->object];
	bool has_time = e->time != NO_TIME && !e->from_silence;
	bool ahead = has_time && e->time > e->wall + m->r.policy.max_skew.ns / 1000000000;
	bool old = has_time && e->time < e->wall - m->r.policy.max_age.ns / 1000000000;
	bool restamped = (ahead && m->r.policy.when_new == STAMP_RECEIVED) ||
			 (old && m->r.policy.when_old == STAMP_RECEIVED);

	*own = NO_TIME;
	if (e->from_silence) {
		*stamp = most(e->wall, x->floor);
		return STANDING_FRESH;
	}
	if (e->retained && (x->has_result || x->silent > 0)) {
		int64_t known = x->by_arrival || x->silent == 2 ? most(x->own, x->floor) : x->own;

		if (!has_time || ahead || e->time <= known)
			return STANDING_KNOWN;
	}
	if (ref_id_came(m, e))
		return e->retained ? STANDING_KNOWN : STANDING_DUPLICATE;
	if (ahead && m->r.policy.when_new == STAMP_REJECT)
		return STANDING_TOO_NEW;
	if (old && m->r.policy.when_old == STAMP_REJECT)
		return STANDING_TOO_OLD;
	if (has_time && !ahead && !restamped && e->time < x->own)
		return STANDING_OUT_OF_ORDER;
	*stamp = most(has_time && !restamped ? e->time : e->wall, x->floor);
	if (has_time && !ahead)
		*own = e->time;
	return STANDING_FRESH;
}

static void ref_silence(struct ref *x, int kind, enum check_state becomes)
{
	x->silent = kind;
	x->told = becomes;
	x->is_back = false;
	x->result_due = x->presence_due = never;
}

static void ref_over(struct ref *x, int64_t mono)
{
	x->silent = 0;
	x->is_back = false;
	x->told = CHECK_OK;
	x->result_due = x->ttl > 0 ? mono + x->ttl : never;
}

/* What is over is forgotten as far as it is the oldest, which shows when the clock is set back. */
static void ref_add_id(struct model *m, const struct step *e)
{
	struct world *w = &m->now;

	if (e->id == 0)
		return;
	while (w->id_count > 0 && ref_is_over(m, &w->ids[0], e->mono))
		ref_drop_id(m, 0);
	if (ref_id_came(m, e))
		return;
	for (size_t i = w->id_count; i-- > 0;) {
		if (w->ids[i].object == e->object && w->ids[i].id == e->id)
			ref_drop_id(m, i);
	}
	assert_true(w->id_count < MAX_IDS);
	w->ids[w->id_count++] = (struct ref_id){ e->object, e->id, e->mono, e->wall };
}

static void ref_take(struct model *m, const struct step *e, int64_t stamp, int64_t own)
{
	struct ref *x = &m->now.objects[e->object];
	bool ahead = stamp > e->wall + m->r.policy.max_skew.ns / 1000000000;

	x->floor = most(x->floor, ahead ? e->wall : stamp);
	x->offset = e->wall - e->mono;
	if (e->from_silence) {
		if (x->is_back && e->state == CHECK_OK)
			ref_over(x, e->mono);
		else if (x->silent == 0 && e->state != CHECK_OK)
			ref_silence(x, x->presence_due < x->result_due ? 2 : 1, e->state);
		x->told = e->state;
		return;
	}
	if (x->said_gone && !e->retained)
		x->presence_due = never;
	x->stamp = stamp;
	x->own = most(x->own, own);
	x->by_arrival = own == NO_TIME;
	x->received = e->wall;
	x->has_result = true;
	x->silent = 0;
	x->is_back = false;
	x->told = e->state;
	x->ttl = e->ttl;
	x->result_due = e->ttl > 0 ? e->mono + e->ttl : never;
	ref_add_id(m, e);
}

static void ref_gone(struct ref *x, const struct step *e)
{
	bool known = x->said_gone;
	bool waits = known && x->presence_due != never && !x->is_back;

	x->said_gone = true;
	if (x->is_back) {
		x->is_back = false;
		x->presence_due = never;
	}
	if (x->silent > 0 || waits || (known && e->retained))
		return;
	x->presence_due = least(x->presence_due, e->mono + e->delay);
	x->wait = e->delay;
}

static void ref_there(struct ref *x, const struct step *e)
{
	bool expected = x->silent == 2 || x->presence_due != never;

	if (e->retained && e->ttl > 0 && !x->said_gone && expected)
		return;
	x->said_gone = false;
	x->presence_due = never;
	if (x->silent == 1)
		return;
	x->is_back = x->silent == 2;
	x->wait = e->ttl;
	x->presence_due = e->ttl > 0 ? e->mono + e->ttl : never;
}

/* When something is to happen with it; at once is the least. */
static int64_t ref_at(const struct ref *x)
{
	return x->is_back ? INT64_MIN : least(x->result_due, x->presence_due);
}

static bool ref_is_due(const struct model *m, const struct ref *x)
{
	return x->is_back || (ref_at(x) <= m->r.mono && m->now.hold <= m->r.mono);
}

static int64_t ref_next(const struct model *m)
{
	int64_t next = never;

	for (size_t i = 0; i < OBJECTS; i++)
		next = least(next, ref_at(&m->now.objects[i]));
	return next == never || next == INT64_MIN ? next : most(next, m->now.hold);
}

static void ref_reload(struct model *m, int64_t grace)
{
	m->now = m->on_disk;
	m->now.hold = INT64_MIN;
	for (size_t i = 0; i < OBJECTS; i++) {
		struct ref *x = &m->now.objects[i];

		if (x->result_due != never)
			x->result_due = m->r.mono +
					least(x->ttl, x->result_due + x->offset - m->r.wall);
		if (x->presence_due != never)
			x->presence_due = m->r.mono +
					  least(x->wait, x->presence_due + x->offset - m->r.wall);
		x->offset = m->r.wall - m->r.mono;
		if (m->disk.count > 0)
			m->now.hold = m->r.mono + grace;
	}
	for (size_t i = 0; i < m->now.id_count; i++) {
		struct ref_id *id = &m->now.ids[i];

		id->noted = m->r.mono - most(0, m->r.wall - id->received);
	}
}

/* --- both side by side --- */

static void check_stamp(struct model *m, const struct step *e, int64_t stamp)
{
	bool ahead = stamp > e->wall + m->r.policy.max_skew.ns / 1000000000;

	if (m->has_stamp[e->object])
		assert_true(stamp >= m->last_stamp[e->object]);
	if (ahead)
		return;
	m->has_stamp[e->object] = true;
	m->last_stamp[e->object] = stamp;
}

static void run_result(struct model *m, const struct step *e, bool again)
{
	struct check_result result = rig_result(e->state, e->time);
	struct arrival arrival = { at(e->wall), { ns_of(e->mono) }, e->retained, e->from_silence };
	struct silence_rule rule = { .ttl = e->ttl, .becomes = CHECK_UNKNOWN };
	int64_t stamp = 0, own = 0;
	enum standing_verdict verdict, expected = ref_judge(m, e, &stamp, &own);
	char id[16];

	snprintf(id, sizeof(id), "%u", e->id);
	result.id = e->id > 0 ? span_of_text(id) : (struct span){ 0 };
	result.host = span_of_text(names[e->object][0]);
	result.service = span_of_text(names[e->object][1]);
	verdict = standings_judge(m->r.s, &result, &arrival, NULL);
	assert_int_equal(verdict, expected);
	if (verdict != STANDING_FRESH)
		return;
	assert_int_equal(result.time.ns, at(stamp).ns);
	if (!again)
		check_stamp(m, e, stamp);
	if (!e->from_silence)
		m->was_silent[e->object] = false;
	standings_take(m->r.s, &result, &arrival, &rule);
	ref_take(m, e, stamp, own);
}

static void run_presence(struct model *m, const struct step *e)
{
	struct presence presence = { .host = span_of_text(names[e->object][0]),
		.service = span_of_text(names[e->object][1]),
		.is_there = e->is_there,
		.delay = seconds(e->delay),
		.rule = { .ttl = e->ttl, .becomes = CHECK_CRITICAL } };
	struct arrival arrival = { at(e->wall), { ns_of(e->mono) }, e->retained, false };
	struct ref *x = &m->now.objects[e->object];

	standings_present(m->r.s, &presence, &arrival);
	if (e->is_there)
		ref_there(x, e);
	else
		ref_gone(x, e);
	x->offset = e->wall - e->mono;
}

static void run(struct model *m, const struct step *e)
{
	if (m->log_count == MAX_LOG)
		return;
	m->log[m->log_count++] = *e;
	if (e->is_presence)
		run_presence(m, e);
	else
		run_result(m, e, false);
}

static struct step new_step(struct model *m, bool is_presence)
{
	static const int64_t ttls[] = { 0, 5, 10, 20 };

	return (struct step){ .is_presence = is_presence,
		.object = random_below(m, OBJECTS),
		.mono = m->r.mono,
		.wall = m->r.wall,
		.ttl = ttls[random_below(m, 4)],
		.time = NO_TIME };
}

static void do_result(struct model *m)
{
	struct step e = new_step(m, false);

	e.retained = one_in(m, 6);
	e.state = (enum check_state)random_below(m, 3);
	if (!one_in(m, 3))
		e.time = m->r.wall + (int64_t)random_below(m, 40) - 30;
	if (one_in(m, 20))
		e.time = m->r.wall + 100000;
	e.id = one_in(m, 2) ? 1 + random_below(m, 6) : 0;
	run(m, &e);
}

static void do_presence(struct model *m)
{
	struct step e = new_step(m, true);

	e.retained = one_in(m, 4);
	e.is_there = one_in(m, 2);
	e.delay = random_below(m, 8);
	run(m, &e);
}

static unsigned object_of(const struct told *t)
{
	unsigned i = 0;

	while (i < OBJECTS &&
			(strcmp(t->host, names[i][0]) != 0 || strcmp(t->service, names[i][1]) != 0))
		i++;
	assert_true(i < OBJECTS);
	return i;
}

/* The one that was told is due, no other one is earlier, and it was heard since the last time. */
static void check_told(struct model *m, const struct told *t)
{
	unsigned object = object_of(t);
	struct ref *x = &m->now.objects[object];

	assert_true(ref_is_due(m, x));
	for (size_t i = 0; i < OBJECTS; i++)
		assert_true(ref_at(&m->now.objects[i]) >= ref_at(x));
	assert_int_equal(t->silence.last_time.ns, x->has_result ? at(x->stamp).ns : 0);
	if (t->silence.kind == SILENCE_OVER) {
		assert_true(x->is_back && m->was_silent[object]);
		m->was_silent[object] = false;
		ref_over(x, m->r.mono);
		return;
	}
	assert_false(x->is_back || m->was_silent[object]);
	m->was_silent[object] = true;
	if (t->silence.kind == SILENCE_GONE) {
		assert_true(x->presence_due <= x->result_due);
		ref_silence(x, 2, CHECK_CRITICAL);
	} else {
		assert_true(x->result_due <= x->presence_due);
		ref_silence(x, 1, CHECK_UNKNOWN);
	}
	assert_int_equal(t->silence.becomes, x->told);
}

/* The gateway writes what it was told as a result into its journal. */
static void do_due(struct model *m, size_t at_most)
{
	size_t count;

	if (m->log_count + OBJECTS > MAX_LOG)
		return;
	count = rig_due_most(&m->r, at_most);
	for (size_t i = 0; i < count; i++)
		check_told(m, &m->r.told[i]);
	for (size_t i = 0; count < at_most && i < OBJECTS; i++)
		assert_false(ref_is_due(m, &m->now.objects[i]));
	for (size_t i = 0; i < count; i++) {
		struct step e = new_step(m, false);

		e.object = object_of(&m->r.told[i]);
		e.from_silence = true;
		e.state = m->r.told[i].silence.becomes;
		run(m, &e);
	}
}

static void ignore(void *owner, struct span key, struct span value)
{
	(void)owner;
	(void)key;
	(void)value;
}

static void do_flush(struct model *m)
{
	standings_flush(m->r.s, ignore, NULL);
	standings_flush(m->r.s, disk_write, &m->disk);
	standings_flushed(m->r.s);
	m->on_disk = m->now;
	m->log_count = 0;
}

static void do_crash(struct model *m)
{
	struct arrival present;
	bool was_silent[OBJECTS];

	rig_pass(&m->r, random_below(m, 30));
	if (!m->is_steady && one_in(m, 3))
		m->r.wall += (int64_t)random_below(m, 200) - 100;
	standings_destroy(m->r.s);
	m->r.s = standings_create(&m->r.policy, m->random);
	present = rig_arrival(&m->r);
	assert_int_equal(disk_load(&m->disk, m->r.s, &present), 0);
	ref_reload(m, m->r.policy.grace.ns / 1000000000);
	memcpy(was_silent, m->was_silent, sizeof(was_silent));
	for (size_t i = 0; i < m->log_count; i++) {
		if (m->log[i].is_presence)
			run_presence(m, &m->log[i]);
		else
			run_result(m, &m->log[i], true);
	}
	/*
	 * Who was told to be silent is so still, and nobody else. With a clock that was set an id
	 * may be remembered for longer, so that a result that was taken is a duplicate now.
	 */
	for (size_t i = 0; i < OBJECTS; i++) {
		m->was_silent[i] = m->now.objects[i].silent > 0;
		if (m->is_steady)
			assert_int_equal(m->was_silent[i], was_silent[i]);
		else
			m->has_stamp[i] = false;
	}
}

static void check_views(const struct model *m)
{
	int64_t next = ref_next(m);

	if (next == INT64_MIN)
		assert_true(standings_next(m->r.s).ns <= ns_of(m->r.mono));
	else
		assert_int_equal(standings_next(m->r.s).ns,
				next == never ? INSTANT_NEVER.ns : ns_of(next));
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct ref *x = &m->now.objects[i];
		struct standing_view view;
		bool known = standings_find(m->r.s, span_of_text(names[i][0]),
				span_of_text(names[i][1]), &view);

		assert_int_equal(known, x->has_result || x->silent > 0);
		if (!known)
			continue;
		assert_int_equal(view.state, x->told);
		assert_int_equal(view.is_silent, x->silent > 0);
		assert_int_equal(view.is_silent, m->was_silent[i]);
		assert_int_equal(view.ttl, x->ttl);
		assert_int_equal(view.time.ns, x->has_result ? at(x->stamp).ns : 0);
	}
}

static void do_step(struct model *m)
{
	switch (random_below(m, 40)) {
	case 0:
		do_crash(m);
		break;
	case 1:
	case 2:
		do_flush(m);
		break;
	case 3:
		if (!m->is_steady)
			m->r.wall += (int64_t)random_below(m, 200) - 100;
		break;
	case 4:
		standings_hold(m->r.s, (struct instant){ ns_of(m->r.mono) });
		m->now.hold = most(m->now.hold, m->r.mono + m->r.policy.grace.ns / 1000000000);
		break;
	case 5:
		rig_pass(&m->r, 40);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		do_presence(m);
		break;
	case 10:
	case 11:
	case 12:
	case 13:
	case 14:
	case 15:
		do_due(m, one_in(m, 3) ? 1 : 50);
		break;
	case 16:
	case 17:
	case 18:
	case 19:
	case 20:
	case 21:
	case 22:
		rig_pass(&m->r, random_below(m, 6));
		break;
	default:
		do_result(m);
		break;
	}
}

static void start_model(struct model *m, uint32_t seed)
{
	*m = (struct model){ .random = seed, .is_steady = seed % 2 == 0 };
	rig_start(&m->r);
	m->r.policy.max_age = seconds(20);
	m->r.policy.max_skew = seconds(5);
	m->r.policy.when_old = (enum stamp_policy)(seed % 3);
	m->r.policy.when_new = (enum stamp_policy)(seed / 3 % 3);
	m->r.policy.id_window = seconds(25);
	m->r.policy.max_ids = MAX_IDS;
	m->r.policy.grace = seconds(7);
	rig_set_policy(&m->r);
	m->now.hold = INT64_MIN;
	for (size_t i = 0; i < OBJECTS; i++) {
		struct ref *x = &m->now.objects[i];

		x->own = x->floor = NO_TIME;
		x->result_due = x->presence_due = never;
	}
	m->on_disk = m->now;
}

static void it_does_what_its_rules_say(void **state)
{
	(void)state;
	struct model *m = xcalloc(1, sizeof(*m));

	for (uint32_t seed = 0; seed < RUNS; seed++) {
		start_model(m, seed);
		for (int step = 0; step < STEPS; step++) {
			do_step(m);
			check_views(m);
		}
		rig_finish(&m->r);
		disk_finish(&m->disk);
	}
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_does_what_its_rules_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
