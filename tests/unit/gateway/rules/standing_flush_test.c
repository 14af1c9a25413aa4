/* SPDX-License-Identifier: MIT */
#include "tests/unit/gateway/rules/standing_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct state {
	struct rig r;
	struct disk disk;
};

static int start(void **state)
{
	struct state *s = xcalloc(1, sizeof(*s));

	rig_start(&s->r);
	*state = s;
	return 0;
}

static int stop(void **state)
{
	struct state *s = *state;

	rig_finish(&s->r);
	disk_finish(&s->disk);
	free(s);
	return 0;
}

static size_t flush(struct state *s, bool works)
{
	s->disk.writes = 0;
	standings_flush(s->r.s, disk_write, &s->disk);
	if (works)
		standings_flushed(s->r.s);
	return s->disk.writes;
}

static void only_what_changed_is_handed_out(void **state)
{
	struct state *s = *state;

	assert_int_equal(flush(s, true), 0);
	rig_take(&s->r, NO_TIME, 90);
	rig_take(&s->r, NO_TIME, 90);
	assert_int_equal(flush(s, true), 1);
	assert_int_equal(flush(s, true), 0);
	rig_judge(&s->r, NO_TIME, "");
	assert_int_equal(flush(s, true), 0);
	rig_pass(&s->r, 90);
	rig_due(&s->r);
	assert_int_equal(flush(s, true), 1);
	rig_say(&s->r, false, 0, 0);
	assert_int_equal(flush(s, true), 1);
}

static void what_is_not_on_disk_is_handed_out_again(void **state)
{
	struct state *s = *state;
	struct check_result host = rig_result(CHECK_OK, NO_TIME);

	rig_take(&s->r, NO_TIME, 0);
	assert_int_equal(flush(s, false), 1);
	host.service = (struct span){ 0 };
	rig_submit(&s->r, &host, 0);
	rig_take(&s->r, NO_TIME, 0);
	assert_int_equal(flush(s, true), 2);
	assert_int_equal(flush(s, true), 0);
}

/* A flush that is written while more is taken. */
static void what_changes_during_a_flush_is_handed_out_next(void **state)
{
	struct state *s = *state;

	rig_take(&s->r, NO_TIME, 0);
	assert_int_equal(flush(s, false), 1);
	rig_take(&s->r, NO_TIME, 0);
	standings_flushed(s->r.s);
	assert_int_equal(flush(s, true), 1);
	assert_int_equal(flush(s, true), 0);
}

static void a_result_comes_back(void **state)
{
	struct state *s = *state;
	struct check_result result = rig_result(CHECK_CRITICAL, -7);
	struct standing_view view;

	result.id = (struct span)SPAN("a");
	rig_submit(&s->r, &result, 90);
	assert_int_equal(rig_restart(&s->r, &s->disk, 10), 0);
	assert_int_equal(s->disk.count, 2);
	view = rig_view(&s->r);
	assert_int_equal(view.state, CHECK_CRITICAL);
	assert_true(span_equal_text(view.output, "text"));
	assert_int_equal(view.time.ns, at(-7).ns);
	assert_int_equal(view.received.ns, at(0).ns);
	assert_int_equal(view.ttl, 90);
	assert_int_equal(rig_judge(&s->r, 0, "a"), STANDING_DUPLICATE);
	assert_int_equal(rig_judge(&s->r, -8, ""), STANDING_OUT_OF_ORDER);
	assert_int_equal(rig_next(&s->r), s->r.mono + 80);
	assert_int_equal(flush(s, true), 0);
}

static void a_silence_that_was_told_is_not_told_again(void **state)
{
	struct state *s = *state;

	rig_take(&s->r, NO_TIME, 90);
	rig_pass(&s->r, 90);
	assert_int_equal(rig_due(&s->r), 1);
	rig_restart(&s->r, &s->disk, 1000);
	rig_pass(&s->r, 1000);
	assert_int_equal(rig_due(&s->r), 0);
	assert_true(rig_view(&s->r).is_silent);
	assert_int_equal(rig_view(&s->r).state, CHECK_UNKNOWN);
}

static void a_will_keeps_its_delay(void **state)
{
	struct state *s = *state;

	rig_say(&s->r, false, 600, 0);
	rig_restart(&s->r, &s->disk, 100);
	assert_int_equal(rig_next(&s->r), s->r.mono + 500);
	rig_pass(&s->r, 500);
	assert_int_equal(rig_due_kind(&s->r), SILENCE_GONE);
	assert_int_equal(s->r.told[0].silence.becomes, CHECK_CRITICAL);
	rig_restart(&s->r, &s->disk, 100);
	rig_say(&s->r, true, 0, 60);
	rig_restart(&s->r, &s->disk, 10);
	assert_int_equal(rig_due_kind(&s->r), SILENCE_OVER);
	assert_int_equal(rig_next(&s->r), s->r.mono + 50);
}

static void what_was_due_meanwhile_is_due_after_the_grace(void **state)
{
	struct state *s = *state;

	rig_take(&s->r, NO_TIME, 90);
	rig_restart(&s->r, &s->disk, 1000);
	assert_int_equal(rig_due(&s->r), 0);
	assert_int_equal(rig_next(&s->r), s->r.mono + 30);
	rig_pass(&s->r, 30);
	assert_int_equal(rig_due_kind(&s->r), SILENCE_OVERDUE);
}

static void a_clock_set_back_meanwhile_prolongs_by_the_ttl_at_most(void **state)
{
	struct state *s = *state;

	rig_take(&s->r, NO_TIME, 90);
	rig_say(&s->r, true, 0, 70);
	s->r.wall -= 1000000;
	rig_restart(&s->r, &s->disk, 10);
	assert_int_equal(rig_next(&s->r), s->r.mono + 70);
	rig_say(&s->r, true, 0, 0);
	assert_int_equal(rig_next(&s->r), s->r.mono + 90);
}

static void a_clock_set_ahead_meanwhile_leaves_the_grace(void **state)
{
	struct state *s = *state;

	rig_take(&s->r, NO_TIME, 90);
	s->r.wall += 1000000;
	rig_restart(&s->r, &s->disk, 10);
	assert_int_equal(rig_due(&s->r), 0);
	assert_int_equal(rig_next(&s->r), s->r.mono + 30);
}

static void keys_are_short_enough_for_the_store(void **state)
{
	struct state *s = *state;
	char name[255];
	struct check_result result = rig_result(CHECK_OK, NO_TIME);

	memset(name, 'x', sizeof(name));
	result.host = result.service = span_of(name, sizeof(name));
	rig_submit(&s->r, &result, 0);
	flush(s, true);
	assert_int_equal(s->disk.count, 1);
	assert_int_equal(s->disk.entries[0].key_len, 511);
	assert_int_equal(rig_restart(&s->r, &s->disk, 0), 0);
	assert_int_equal(standings_count(s->r.s), 1);
}

/* --- what is no entry --- */

static bool load(struct state *s, struct span key, struct span value)
{
	struct arrival present = rig_arrival(&s->r);

	return standings_load(s->r.s, key, value, &present);
}

static void every_cut_and_longer_value_is_refused(void **state)
{
	struct state *s = *state;
	struct rig other;

	rig_take_id(&s->r, -1, "a");
	rig_say(&s->r, true, 0, 60);
	flush(s, true);
	assert_int_equal(s->disk.count, 2);
	rig_finish(&s->r);
	rig_start(&other);
	s->r = other;
	for (size_t i = 0; i < s->disk.count; i++) {
		struct disk_entry *e = &s->disk.entries[i];
		struct span key = span_of(e->key, e->key_len);
		char longer[512];

		for (size_t len = 0; len < e->value_len; len++)
			assert_false(load(s, key, span_of(e->value, len)));
		memcpy(longer, e->value, e->value_len);
		longer[e->value_len] = 0;
		assert_false(load(s, key, span_of(longer, e->value_len + 1)));
		longer[0] = 2;
		assert_false(load(s, key, span_of(longer, e->value_len)));
	}
	assert_int_equal(standings_count(s->r.s), 0);
	assert_int_equal(flush(s, true), 0);
}

static void keys_that_are_none_are_refused(void **state)
{
	struct state *s = *state;
	static const struct span keys[] = {
		SPAN(""),
		SPAN("h"),
		SPAN("\0"),
		SPAN("\0short"),
		SPAN("h;\0s"),
		SPAN("h\0s\0t"),
		SPAN(" h\0s"),
		SPAN("h\0s "),
		SPAN("\xff\0s"),
		SPAN("\0number of 10"),
	};
	struct disk_entry *e;

	rig_take(&s->r, NO_TIME, 0);
	flush(s, true);
	e = &s->disk.entries[0];
	for (size_t i = 0; i < array_size(keys); i++)
		assert_false(load(s, keys[i], span_of(e->value, e->value_len)));
	assert_true(load(s, (struct span)SPAN("h\0t"), span_of(e->value, e->value_len)));
	assert_true(load(s, (struct span)SPAN("h\0"), span_of(e->value, e->value_len)));
	/* One that is known stays as it is. */
	assert_false(load(s, (struct span)SPAN("h\0s"), span_of(e->value, e->value_len)));
	assert_int_equal(standings_count(s->r.s), 3);
}

/* What cannot be is not believed: a silent one that waits, times before 1970, a third silence. */
static void contradictions_are_refused(void **state)
{
	struct state *s = *state;
	static const struct {
		size_t offset;
		uint8_t value;
	} damages[] = {
		{ 1, 0x80 },
		{ 4, 0x03 },
		{ 4, 0x01 },
		{ 4, 0x04 },
		{ 4, 0x08 },
		{ 13, 0x80 },
		{ 45, 0x80 },
		{ 61, 200 },
		{ 62, 0xff },
	};
	struct disk_entry *e;

	rig_take(&s->r, NO_TIME, 90);
	flush(s, true);
	e = &s->disk.entries[0];
	assert_int_equal(e->value_len, 62 + 4 + 2);
	for (size_t i = 0; i < array_size(damages); i++) {
		uint8_t damaged[68];

		memcpy(damaged, e->value, sizeof(damaged));
		damaged[damages[i].offset] |= damages[i].value;
		if (load(s, (struct span)SPAN("x\0"), span_of(damaged, sizeof(damaged))))
			fail_msg("offset %zu", damages[i].offset);
	}
	assert_true(load(s, (struct span)SPAN("x\0"), span_of(e->value, e->value_len)));
}

int main(void)
{
#define WITH_STATE(test) cmocka_unit_test_setup_teardown(test, start, stop)
	const struct CMUnitTest tests[] = {
		WITH_STATE(only_what_changed_is_handed_out),
		WITH_STATE(what_is_not_on_disk_is_handed_out_again),
		WITH_STATE(what_changes_during_a_flush_is_handed_out_next),
		WITH_STATE(a_result_comes_back),
		WITH_STATE(a_silence_that_was_told_is_not_told_again),
		WITH_STATE(a_will_keeps_its_delay),
		WITH_STATE(what_was_due_meanwhile_is_due_after_the_grace),
		WITH_STATE(a_clock_set_back_meanwhile_prolongs_by_the_ttl_at_most),
		WITH_STATE(a_clock_set_ahead_meanwhile_leaves_the_grace),
		WITH_STATE(keys_are_short_enough_for_the_store),
		WITH_STATE(every_cut_and_longer_value_is_refused),
		WITH_STATE(keys_that_are_none_are_refused),
		WITH_STATE(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
