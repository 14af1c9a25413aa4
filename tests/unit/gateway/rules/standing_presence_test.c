/* SPDX-License-Identifier: MIT */
#include "tests/unit/gateway/rules/standing_rig.h"

#include "tests/unit/unit.h"

#define WITH_RIG(r)                                                                                \
	struct rig r;                                                                              \
	rig_start(&r)

/* --- wills --- */

static void a_will_is_due_after_its_delay(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 0);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 9);
	assert_int_equal(rig_due(&r), 0);
	rig_pass(&r, 1);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	assert_int_equal(r.told[0].silence.becomes, CHECK_CRITICAL);
	assert_int_equal(r.told[0].silence.ttl, 0);
	rig_pass(&r, 1000);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 1000);
	assert_int_equal(rig_due(&r), 0);
	rig_finish(&r);
}

static void one_that_is_back_in_time_says_nothing(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 9);
	rig_say(&r, true, 0, 0);
	rig_pass(&r, 100);
	assert_int_equal(rig_due(&r), 0);
	rig_finish(&r);
}

static void one_that_is_back_later_is_over_once(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 0);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 10);
	rig_due(&r);
	rig_say(&r, true, 0, 0);
	assert_true(standings_next(r.s).ns <= ns_of(r.mono));
	assert_true(rig_view(&r).is_silent);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVER);
	assert_int_equal(r.told[0].silence.becomes, CHECK_OK);
	assert_false(rig_view(&r).is_silent);
	rig_say(&r, true, 0, 0);
	assert_int_equal(rig_due(&r), 0);
	rig_finish(&r);
}

static void one_that_is_gone_again_before_that_is_told_stays_gone(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_say(&r, false, 0, 0);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	rig_say(&r, true, 0, 60);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 1000);
	assert_int_equal(rig_due(&r), 0);
	assert_true(rig_view(&r).is_silent);
	rig_say(&r, true, 0, 0);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVER);
	rig_finish(&r);
}

static void a_will_that_is_repeated_is_not_put_off(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 9);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 1);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	rig_finish(&r);
}

static void a_result_shows_that_it_is_not_gone(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_say(&r, false, 10, 0);
	rig_take(&r, NO_TIME, 0);
	rig_pass(&r, 10);
	assert_int_equal(rig_due(&r), 0);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 10);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	rig_take(&r, NO_TIME, 0);
	assert_false(rig_view(&r).is_silent);
	/* That it is over was told by the result. */
	rig_say(&r, true, 0, 0);
	assert_int_equal(rig_due(&r), 0);
	rig_finish(&r);
}

static void results_are_due_again_when_it_is_back(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 1000);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	rig_say(&r, true, 0, 0);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVER);
	rig_pass(&r, 89);
	assert_int_equal(rig_due(&r), 0);
	rig_pass(&r, 1);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVERDUE);
	rig_finish(&r);
}

/* That its publisher is connected says nothing about what it was to check. */
static void one_that_is_overdue_is_ended_by_a_result_alone(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 90);
	rig_pass(&r, 90);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVERDUE);
	rig_say(&r, true, 0, 30);
	rig_pass(&r, 1000);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 1000);
	rig_say(&r, true, 0, 0);
	assert_int_equal(rig_due(&r), 0);
	assert_true(rig_view(&r).is_silent);
	rig_finish(&r);
}

static void one_that_was_never_heard_of_can_be_gone(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_say(&r, true, 0, 0);
	assert_int_equal(standings_count(r.s), 0);
	rig_say(&r, false, 10, 0);
	assert_false(rig_view(&r).is_silent);
	rig_pass(&r, 10);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	assert_int_equal(r.told[0].silence.last_time.ns, 0);
	assert_true(rig_view(&r).is_silent);
	rig_finish(&r);
}

/* --- heartbeats --- */

static void a_heartbeat_that_does_not_come_means_gone(void **state)
{
	(void)state;
	WITH_RIG(r);
	for (int i = 0; i < 3; i++) {
		rig_say(&r, true, 0, 60);
		rig_pass(&r, 59);
		assert_int_equal(rig_due(&r), 0);
	}
	rig_pass(&r, 1);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	assert_int_equal(r.told[0].silence.ttl, 60);
	rig_say(&r, true, 0, 60);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVER);
	rig_pass(&r, 60);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	rig_finish(&r);
}

static void heartbeats_and_results_are_waited_for_side_by_side(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, NO_TIME, 100);
	for (int i = 0; i < 9; i++) {
		rig_say(&r, true, 0, 20);
		rig_pass(&r, 10);
		assert_int_equal(rig_due(&r), 0);
	}
	rig_say(&r, true, 0, 20);
	rig_pass(&r, 10);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVERDUE);
	rig_take(&r, NO_TIME, 100);
	rig_say(&r, true, 0, 20);
	rig_take(&r, NO_TIME, 100);
	rig_pass(&r, 20);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	rig_finish(&r);
}

static void a_heartbeat_without_ttl_ends_them(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_say(&r, true, 0, 60);
	rig_say(&r, true, 0, 0);
	assert_int_equal(rig_next(&r), -1);
	rig_finish(&r);
}

static void a_will_does_not_put_off_the_heartbeat(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_say(&r, true, 0, 60);
	rig_pass(&r, 50);
	rig_say(&r, false, 30, 0);
	assert_int_equal(rig_next(&r), r.mono + 10);
	rig_finish(&r);
}

/* --- retained --- */

static void a_retained_will_counts_only_when_it_was_not_known(void **state)
{
	(void)state;
	WITH_RIG(r);
	r.retained = true;
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 9);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 1);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	r.retained = false;
	rig_take(&r, NO_TIME, 0);
	/* Its results come some other way; the will stays what it was. */
	r.retained = true;
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 100);
	assert_int_equal(rig_due(&r), 0);
	/* A new one does count. */
	r.retained = false;
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 10);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	rig_finish(&r);
}

static void a_retained_word_that_it_is_there_has_replaced_its_will(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_say(&r, false, 10, 0);
	rig_pass(&r, 10);
	rig_due(&r);
	r.retained = true;
	rig_say(&r, true, 0, 60);
	assert_int_equal(rig_due_kind(&r), SILENCE_OVER);
	assert_int_equal(rig_next(&r), r.mono + 60);
	rig_finish(&r);
}

static void a_retained_heartbeat_is_an_old_one(void **state)
{
	(void)state;
	WITH_RIG(r);
	r.retained = true;
	rig_say(&r, true, 0, 60);
	rig_pass(&r, 50);
	rig_say(&r, true, 0, 60);
	rig_pass(&r, 10);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	rig_say(&r, true, 0, 60);
	assert_int_equal(rig_due(&r), 0);
	assert_true(rig_view(&r).is_silent);
	rig_finish(&r);
}

/* A new session brings both, in any order. */
static void a_retained_result_does_not_call_off_a_will(void **state)
{
	(void)state;
	WITH_RIG(r);
	rig_take(&r, -10, 0);
	r.retained = true;
	rig_say(&r, false, 10, 0);
	assert_int_equal(rig_take(&r, -5, 0), -5);
	rig_pass(&r, 10);
	assert_int_equal(rig_due_kind(&r), SILENCE_GONE);
	rig_tell(&r, CHECK_CRITICAL);
	assert_int_equal(rig_take(&r, -1, 0), REFUSED);
	assert_int_equal(rig_take(&r, NO_TIME, 0), REFUSED);
	assert_int_equal(rig_take(&r, 11, 0), 11);
	rig_finish(&r);
}

static void a_will_may_be_delayed_for_ages(void **state)
{
	struct disk d = { 0 };

	(void)state;
	WITH_RIG(r);
	rig_say(&r, false, INT64_MAX / 1000000000, 0);
	rig_restart(&r, &d, 0);
	rig_pass(&r, 100000);
	assert_int_equal(rig_due(&r), 0);
	disk_finish(&d);
	rig_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_will_is_due_after_its_delay),
		cmocka_unit_test(a_will_may_be_delayed_for_ages),
		cmocka_unit_test(one_that_is_back_in_time_says_nothing),
		cmocka_unit_test(one_that_is_back_later_is_over_once),
		cmocka_unit_test(one_that_is_gone_again_before_that_is_told_stays_gone),
		cmocka_unit_test(a_will_that_is_repeated_is_not_put_off),
		cmocka_unit_test(a_result_shows_that_it_is_not_gone),
		cmocka_unit_test(results_are_due_again_when_it_is_back),
		cmocka_unit_test(one_that_is_overdue_is_ended_by_a_result_alone),
		cmocka_unit_test(one_that_was_never_heard_of_can_be_gone),
		cmocka_unit_test(a_heartbeat_that_does_not_come_means_gone),
		cmocka_unit_test(heartbeats_and_results_are_waited_for_side_by_side),
		cmocka_unit_test(a_heartbeat_without_ttl_ends_them),
		cmocka_unit_test(a_will_does_not_put_off_the_heartbeat),
		cmocka_unit_test(a_retained_will_counts_only_when_it_was_not_known),
		cmocka_unit_test(a_retained_word_that_it_is_there_has_replaced_its_will),
		cmocka_unit_test(a_retained_heartbeat_is_an_old_one),
		cmocka_unit_test(a_retained_result_does_not_call_off_a_will),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
