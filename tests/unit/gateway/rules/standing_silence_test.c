/* SPDX-License-Identifier: MIT */
#include "tests/unit/gateway/rules/standing_rig.h"

#include "tests/unit/unit.h"

#define WITH_RIG(r)                                                                                \
	struct rig r;                                                                              \
	rig_start(&r)

#define WITH_RIG(r)                                                                                \
	struct rig r;                                                                              \
	rig_start(&r)

/* --- ttl --- */

static void one_is_overdue_once_when_its_ttl_has_passed(void **state)
{
	(void)state;
	const struct silence *silence;
	struct check_result result = rig_result(CHECK_WARNING, -3);

	WITH_RIG(r);
	silence = &r.told[0].silence;
	rig_submit(&r, &result, 90);
	assert_int_equal(rig_next(&r), r.mono + 90);
	rig_pass(&r, 89);
	assert_int_equal(rig_due(&r), 0);
	rig_pass(&r, 1);
	assert_int_equal(rig_due(&r), 1);
	assert_string_equal(r.told[0].host, "h");
	assert_string_equal(r.told[0].service, "s");
	assert_string_equal(r.told[0].output, "text");
	assert_int_equal(silence->kind, SILENCE_OVERDUE);
	assert_int_equal(silence->becomes, CHECK_UNKNOWN);
	assert_int_equal(silence->last_state, CHECK_WARNING);
	assert_int_equal(silence->last_time.ns, at(-3).ns);
	assert_int_equal(silence->ttl, 90);
	assert_int_equal(rig_next(&r), -1);
	rig_pass(&r, 100000);
	assert_int_equal(rig_due(&r), 0);
	assert_true(rig_view(&r).is_silent);
	assert_int_equal(rig_view(&r).state, CHECK_UNKNOWN);
	rig_finish(&r);
}

static void the_next_result_clears(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	rig_pass(&r, 90);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVERDUE);
	rig_take(&r, NO_TIME, 90);
	assert_false(rig_view(&r).is_silent);
	assert_int_equal(rig_view(&r).state, CHECK_OK);
	assert_int_equal(rig_due(&r), 0);
	rig_pass(&r, 90);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVERDUE);
	rig_finish(&r);
}

static void each_result_puts_it_off(void **state)
{
	(void)state;
	WITH_RIG(r);
	for (int i = 0; i < 10; i++) {
		rig_take(&r, NO_TIME, 90);
		rig_pass(&r, 89);
		assert_int_equal(rig_due(&r), 0);
	}
	rig_finish(&r);
}

static void an_event_never_is_overdue_and_cancels(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	rig_take(&r, NO_TIME, 0);
	assert_int_equal(rig_next(&r), -1);
	rig_take(&r, NO_TIME, 90);
	rig_take(&r, NO_TIME, -1);
	assert_int_equal(rig_next(&r), -1);
	rig_finish(&r);
}

static void a_ttl_of_ages_is_no_overflow(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, INT64_MAX / 1000000000);
	rig_pass(&r, 1000000000);
	assert_int_equal(rig_due(&r), 0);
	rig_finish(&r);
}

static void the_wall_clock_makes_nothing_due(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	r.wall += 360000;
	assert_int_equal(rig_due(&r), 0);
	r.wall -= 720000;
	r.mono += 90;
	assert_int_equal(rig_due_kind(&r), SILENCE_OVERDUE);
	rig_finish(&r);
}

static void a_known_retained_result_puts_nothing_off(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	rig_pass(&r, 80);
	r.retained = true;
	assert_int_equal(rig_take(&r, NO_TIME, 90), REFUSED);
	rig_pass(&r, 10);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVERDUE);
	assert_int_equal(rig_take(&r, NO_TIME, 90), REFUSED);
	assert_true(rig_view(&r).is_silent);
	rig_finish(&r);
}

/* --- the result that the gateway makes of it --- */

static void its_stamp_counts_but_it_ends_nothing(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, 50, 90);
	rig_pass(&r, 90);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVERDUE);
	r.wall = 20;
	assert_int_equal(rig_tell(&r, CHECK_UNKNOWN), 50);
	r.wall = 90;
	assert_int_equal(rig_tell(&r, CHECK_UNKNOWN), 90);
	assert_true(rig_view(&r).is_silent);
	assert_true(span_equal_text(rig_view(&r).output, "text"));
	assert_int_equal(rig_view(&r).time.ns, at(50).ns);
	assert_int_equal(rig_next(&r), -1);
	/* What was held up on its way comes after it. */
	assert_int_equal(rig_take(&r, 60, 90), 90);
	assert_false(rig_view(&r).is_silent);
	rig_finish(&r);
}

/* From the journal of a process that ended before it flushed. */
static void read_back_it_makes_silent_what_was_not_yet(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	rig_tell(&r, CHECK_UNKNOWN);
	assert_true(rig_view(&r).is_silent);
	rig_pass(&r, 1000);
	assert_int_equal(rig_due(&r), 0);
	rig_take(&r, NO_TIME, 0);
	rig_say(&r, false, 10, 0);
	rig_tell(&r, CHECK_CRITICAL);
	rig_pass(&r, 1000);
	assert_int_equal(rig_due(&r), 0);
	rig_say(&r, true, 0, 0);
	rig_tell(&r, CHECK_OK);
	assert_int_equal(rig_due(&r), 0);
	assert_false(rig_view(&r).is_silent);
	rig_finish(&r);
}

/* --- grace --- */

static void nothing_is_due_within_the_grace_and_nothing_is_lost(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	rig_pass(&r, 1000);
	standings_hold(r.s, (struct instant){ ns_of(r.mono) });
	assert_int_equal(rig_due(&r), 0);
	assert_int_equal(rig_next(&r), r.mono + 30);
	rig_pass(&r, 29);
	assert_int_equal(rig_due(&r), 0);
	rig_pass(&r, 1);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVERDUE);
	rig_finish(&r);
}

static void who_is_heard_meanwhile_is_not_silent(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	rig_pass(&r, 1000);
	standings_hold(r.s, (struct instant){ ns_of(r.mono) });
	rig_pass(&r, 20);
	rig_take(&r, NO_TIME, 90);
	rig_pass(&r, 10);
	assert_int_equal(rig_due(&r), 0);
	assert_int_equal(rig_next(&r), r.mono + 80);
	rig_finish(&r);
}

static void what_is_due_later_is_not_touched(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	standings_hold(r.s, (struct instant){ ns_of(r.mono) });
	assert_int_equal(rig_next(&r), r.mono + 90);
	standings_hold(r.s, (struct instant){ ns_of(r.mono - 10) });
	rig_pass(&r, 90);
	assert_int_equal(rig_due(&r), 1);
	rig_finish(&r);
}

static void a_grace_is_not_shortened(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 5);
	standings_hold(r.s, (struct instant){ ns_of(r.mono) });
	standings_hold(r.s, (struct instant){ ns_of(r.mono - 10) });
	r.policy.grace = seconds(1);
	rig_set_policy(&r);
	standings_hold(r.s, (struct instant){ ns_of(r.mono) });
	assert_int_equal(rig_next(&r), r.mono + 30);
	rig_finish(&r);
}

static void that_one_is_back_is_told_at_once(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_say(&r, false, 0, 0);
	rig_due(&r);
	standings_hold(r.s, (struct instant){ ns_of(r.mono) });
	rig_say(&r, true, 0, 0);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVER);
	rig_finish(&r);
}

/* --- many --- */

static void the_earliest_come_first_and_at_most_so_many(void **state)
{
	(void)state;
	static const char *const hosts[] = { "c", "a", "d", "b" };
	static const int64_t ttls[] = { 30, 10, 40, 20 };

	WITH_RIG(r);
	for (size_t i = 0; i < array_size(hosts); i++) {
		struct check_result result = rig_result(CHECK_OK, NO_TIME);

		result.host = span_of_text(hosts[i]);
		result.service = (struct span){ 0 };
		rig_submit(&r, &result, ttls[i]);
	}
	rig_pass(&r, 100);
	assert_int_equal(rig_due_most(&r, 0), 0);
	assert_int_equal(rig_due_most(&r, 3), 3);
	assert_string_equal(r.told[0].host, "a");
	assert_string_equal(r.told[0].service, "");
	assert_string_equal(r.told[1].host, "b");
	assert_string_equal(r.told[2].host, "c");
	assert_int_equal(rig_due_most(&r, 3), 1);
	assert_string_equal(r.told[0].host, "d");
	rig_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_overdue_once_when_its_ttl_has_passed),
		cmocka_unit_test(the_next_result_clears),
		cmocka_unit_test(each_result_puts_it_off),
		cmocka_unit_test(an_event_never_is_overdue_and_cancels),
		cmocka_unit_test(a_ttl_of_ages_is_no_overflow),
		cmocka_unit_test(the_wall_clock_makes_nothing_due),
		cmocka_unit_test(a_known_retained_result_puts_nothing_off),
		cmocka_unit_test(its_stamp_counts_but_it_ends_nothing),
		cmocka_unit_test(read_back_it_makes_silent_what_was_not_yet),
		cmocka_unit_test(nothing_is_due_within_the_grace_and_nothing_is_lost),
		cmocka_unit_test(who_is_heard_meanwhile_is_not_silent),
		cmocka_unit_test(what_is_due_later_is_not_touched),
		cmocka_unit_test(a_grace_is_not_shortened),
		cmocka_unit_test(that_one_is_back_is_told_at_once),
		cmocka_unit_test(the_earliest_come_first_and_at_most_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
