/* SPDX-License-Identifier: MIT */
#include "tests/unit/gateway/rules/standing_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define WITH_RIG(r)                                                                                \
	struct rig r;                                                                              \
	rig_start(&r)

/* --- own times --- */

static void an_own_time_within_bounds_is_kept(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_take(&r, -3600, 0), -3600);
	assert_int_equal(rig_take(&r, -5, 0), -5);
	assert_int_equal(rig_take(&r, 60, 0), 60);
	rig_finish(&r);
}

static void out_of_bounds_is_rejected(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_judge(&r, -3601, ""), STANDING_TOO_OLD);
	assert_int_equal(rig_judge(&r, 61, ""), STANDING_TOO_NEW);
	r.policy.max_age = seconds(0);
	rig_set_policy(&r);
	assert_int_equal(rig_judge(&r, -360000, ""), STANDING_FRESH);
	rig_finish(&r);
}

static void or_it_is_restamped(void **state)
{
	(void)state;
	struct check_result result;
	struct arrival arrival;
	bool restamped = false;

	WITH_RIG(r);
	r.policy.when_old = r.policy.when_new = STAMP_RECEIVED;
	rig_set_policy(&r);
	assert_int_equal(rig_take(&r, -3601, 0), 0);
	assert_int_equal(rig_take(&r, 100000, 0), 0);
	result = rig_result(CHECK_OK, -3601);
	arrival = rig_arrival(&r);
	standings_judge(r.s, &result, &arrival, &restamped);
	assert_true(restamped);
	result = rig_result(CHECK_OK, -1);
	standings_judge(r.s, &result, &arrival, &restamped);
	assert_false(restamped);
	result = rig_result(CHECK_OK, NO_TIME);
	standings_judge(r.s, &result, &arrival, &restamped);
	assert_false(restamped);
	rig_finish(&r);
}

static void or_it_is_believed(void **state)
{
	(void)state;
	WITH_RIG(r);
	r.policy.when_old = r.policy.when_new = STAMP_KEEP;
	rig_set_policy(&r);
	assert_int_equal(rig_take(&r, -100000, 0), -100000);
	assert_int_equal(rig_judge(&r, -100001, ""), STANDING_OUT_OF_ORDER);
	assert_int_equal(rig_take(&r, 100000, 0), 100000);
	rig_finish(&r);
}

/* One clock that is wrong by years must not shut out those that are right. */
static void a_believed_time_in_the_future_shuts_nobody_out(void **state)
{
	(void)state;
	WITH_RIG(r);
	r.policy.when_new = STAMP_KEEP;
	rig_set_policy(&r);
	assert_int_equal(rig_take(&r, -2, 0), -2);
	assert_int_equal(rig_take(&r, 100000000, 0), 100000000);
	assert_int_equal(rig_view(&r).time.ns, at(100000000).ns);
	assert_int_equal(rig_judge(&r, -3, ""), STANDING_OUT_OF_ORDER);
	assert_int_equal(rig_take(&r, -1, 0), 0);
	rig_pass(&r, 1);
	assert_int_equal(rig_take(&r, NO_TIME, 0), 1);
	rig_finish(&r);
}

/* --- order --- */

static void an_older_own_time_is_out_of_order(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_take(&r, -10, 0), -10);
	assert_int_equal(rig_take(&r, -10, 0), -10);
	assert_int_equal(rig_judge(&r, -11, ""), STANDING_OUT_OF_ORDER);
	assert_int_equal(rig_take(&r, NO_TIME, 0), 0);
	assert_int_equal(rig_judge(&r, -11, ""), STANDING_OUT_OF_ORDER);
	rig_finish(&r);
}

static void another_object_has_another_order(void **state)
{
	(void)state;
	struct check_result host = rig_result(CHECK_OK, -100), other = host;

	WITH_RIG(r);
	host.service = (struct span){ 0 };
	other.host = (struct span)SPAN("other");
	assert_int_equal(rig_take(&r, -10, 0), -10);
	assert_int_equal(rig_submit(&r, &host, 0), STANDING_FRESH);
	assert_int_equal(host.time.ns, at(-100).ns);
	assert_int_equal(rig_submit(&r, &other, 0), STANDING_FRESH);
	assert_int_equal(standings_count(r.s), 3);
	rig_finish(&r);
}

/* Arrival says nothing about the publisher's clock: a slow one is not out of order. */
static void behind_a_stamp_of_arrival_an_older_time_gets_that_stamp(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_take(&r, NO_TIME, 0), 0);
	assert_int_equal(rig_take(&r, -30, 0), 0);
	assert_int_equal(rig_take(&r, -29, 0), 0);
	assert_int_equal(rig_judge(&r, -30, ""), STANDING_OUT_OF_ORDER);
	rig_finish(&r);
}

static void what_was_restamped_does_not_count_as_time(void **state)
{
	(void)state;
	WITH_RIG(r);
	r.policy.when_old = r.policy.when_new = STAMP_RECEIVED;
	rig_set_policy(&r);
	assert_int_equal(rig_take(&r, 5000, 0), 0);
	assert_int_equal(rig_take(&r, -1, 0), 0);
	/* A clock that lost its battery: it counts, as the policy says. */
	assert_int_equal(rig_take(&r, -1000000, 0), 0);
	assert_int_equal(rig_take(&r, 0, 0), 0);
	rig_finish(&r);
}

/* --- the gateway's clock --- */

static void without_a_time_a_clock_that_jumps_loses_nothing(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_take(&r, NO_TIME, 0), 0);
	r.wall = 3600;
	assert_int_equal(rig_take(&r, NO_TIME, 0), 3600);
	r.wall = 10;
	assert_int_equal(rig_take(&r, NO_TIME, 0), 3600);
	r.wall = -3600;
	assert_int_equal(rig_take(&r, NO_TIME, 0), 3600);
	r.wall = 3601;
	assert_int_equal(rig_take(&r, NO_TIME, 0), 3601);
	rig_finish(&r);
}

static void nor_those_with_right_clocks_once_it_is_right_again(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_take(&r, 0, 0), 0);
	r.wall = 3500;
	assert_int_equal(rig_take(&r, 1, 0), 1);
	assert_int_equal(rig_take(&r, NO_TIME, 0), 3500);
	r.wall = 2;
	assert_int_equal(rig_take(&r, 2, 0), 3500);
	r.wall = -3600;
	assert_int_equal(rig_judge(&r, 3, ""), STANDING_TOO_NEW);
	r.wall = 4;
	assert_int_equal(rig_take(&r, 4, 0), 3500);
	rig_finish(&r);
}

static void a_clock_that_jumped_far_is_no_overflow(void **state)
{
	(void)state;
	struct check_result result = rig_result(CHECK_OK, 0);
	struct arrival arrival;

	WITH_RIG(r);
	r.policy.max_age.ns = r.policy.max_skew.ns = INT64_MAX;
	rig_set_policy(&r);
	arrival = rig_arrival(&r);
	arrival.received.ns = INT64_MAX;
	assert_int_equal(standings_judge(r.s, &result, &arrival, NULL), STANDING_FRESH);
	arrival.received.ns = 0;
	assert_int_equal(standings_judge(r.s, &result, &arrival, NULL), STANDING_FRESH);
	rig_finish(&r);
}

/* --- ids --- */

static void an_id_counts_once_within_its_window(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_take_id(&r, -1, "a"), -1);
	assert_int_equal(rig_judge(&r, 0, "a"), STANDING_DUPLICATE);
	assert_int_equal(rig_judge(&r, 0, "b"), STANDING_FRESH);
	rig_pass(&r, 600);
	assert_int_equal(rig_judge(&r, NO_TIME, "a"), STANDING_DUPLICATE);
	rig_pass(&r, 1);
	assert_int_equal(rig_judge(&r, NO_TIME, "a"), STANDING_FRESH);
	rig_finish(&r);
}

static void a_duplicate_is_told_before_anything_else(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_take_id(&r, -10, "a"), -10);
	assert_int_equal(rig_take_id(&r, -5, "b"), -5);
	assert_int_equal(rig_judge(&r, -10, "a"), STANDING_DUPLICATE);
	assert_int_equal(rig_judge(&r, -10000, "a"), STANDING_DUPLICATE);
	rig_finish(&r);
}

static void the_same_id_of_another_object_is_another_id(void **state)
{
	(void)state;
	struct check_result host = rig_result(CHECK_OK, NO_TIME);

	WITH_RIG(r);
	host.service = (struct span){ 0 };
	host.id = (struct span)SPAN("a");
	assert_int_equal(rig_take_id(&r, NO_TIME, "a"), 0);
	assert_int_equal(rig_submit(&r, &host, 0), STANDING_FRESH);
	assert_int_equal(rig_judge(&r, NO_TIME, "a"), STANDING_DUPLICATE);
	rig_finish(&r);
}

static void judging_notes_nothing(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_judge(&r, 0, "a"), STANDING_FRESH);
	assert_int_equal(rig_judge(&r, -1, "a"), STANDING_FRESH);
	assert_int_equal(standings_count(r.s), 0);
	rig_finish(&r);
}

static void ids_can_be_switched_off(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_take_id(&r, NO_TIME, "a"), 0);
	r.policy.id_window = seconds(0);
	rig_set_policy(&r);
	assert_int_equal(rig_judge(&r, NO_TIME, "a"), STANDING_FRESH);
	r.policy.id_window = seconds(600);
	r.policy.max_ids = 1;
	rig_set_policy(&r);
	assert_int_equal(rig_take_id(&r, NO_TIME, "a"), 0);
	assert_int_equal(rig_take_id(&r, NO_TIME, "b"), 0);
	assert_int_equal(rig_judge(&r, NO_TIME, "a"), STANDING_FRESH);
	rig_finish(&r);
}

/* --- retained --- */

static void a_retained_result_is_fresh_only_when_it_is_newer(void **state)
{
	(void)state;
	WITH_RIG(r);
	r.retained = true;
	assert_int_equal(rig_take(&r, -10, 0), -10);
	assert_int_equal(rig_judge(&r, -10, ""), STANDING_KNOWN);
	assert_int_equal(rig_judge(&r, -11, ""), STANDING_KNOWN);
	assert_int_equal(rig_judge(&r, -9, ""), STANDING_FRESH);
	rig_finish(&r);
}

static void without_a_time_it_is_fresh_only_when_nothing_is_known(void **state)
{
	(void)state;
	WITH_RIG(r);
	r.retained = true;
	assert_int_equal(rig_take(&r, NO_TIME, 0), 0);
	rig_pass(&r, 10);
	assert_int_equal(rig_judge(&r, NO_TIME, ""), STANDING_KNOWN);
	/* Nor does an older one come behind what arrived without a time. */
	assert_int_equal(rig_judge(&r, -1, ""), STANDING_KNOWN);
	assert_int_equal(rig_judge(&r, 1, ""), STANDING_FRESH);
	rig_finish(&r);
}

static void a_retained_id_that_came_is_known(void **state)
{
	(void)state;
	WITH_RIG(r);
	assert_int_equal(rig_take_id(&r, -10, "a"), -10);
	r.retained = true;
	assert_int_equal(rig_judge(&r, -9, "a"), STANDING_KNOWN);
	rig_finish(&r);
}

/* However often a session begins anew. */
static void a_retained_time_out_of_bounds_is_taken_once(void **state)
{
	(void)state;
	WITH_RIG(r);
	r.policy.when_old = STAMP_RECEIVED;
	r.policy.when_new = STAMP_KEEP;
	rig_set_policy(&r);
	assert_int_equal(rig_take(&r, -20000, 0), 0);
	r.retained = true;
	rig_pass(&r, 20);
	assert_int_equal(rig_take(&r, -10000, 0), 20);
	assert_int_equal(rig_judge(&r, -10000, ""), STANDING_KNOWN);
	assert_int_equal(rig_judge(&r, 10000, ""), STANDING_KNOWN);
	rig_finish(&r);
}

static void a_retained_one_out_of_bounds_is_rejected_where_it_says_something_new(void **state)
{
	(void)state;
	WITH_RIG(r);
	r.retained = true;
	assert_int_equal(rig_judge(&r, -10000, ""), STANDING_TOO_OLD);
	assert_int_equal(rig_judge(&r, 10000, ""), STANDING_TOO_NEW);
	assert_int_equal(rig_take(&r, -5, 0), -5);
	assert_int_equal(rig_judge(&r, -10000, ""), STANDING_KNOWN);
	rig_finish(&r);
}

/* --- views --- */

static void the_last_state_can_be_looked_up(void **state)
{
	(void)state;
	struct standing_view view;
	struct check_result result = rig_result(CHECK_WARNING, -7);

	WITH_RIG(r);
	assert_false(standings_find(r.s, result.host, result.service, &view));
	rig_submit(&r, &result, 90);
	assert_true(standings_find(r.s, result.host, result.service, &view));
	assert_int_equal(view.state, CHECK_WARNING);
	assert_true(span_equal_text(view.output, "text"));
	assert_int_equal(view.time.ns, at(-7).ns);
	assert_int_equal(view.received.ns, at(0).ns);
	assert_int_equal(view.ttl, 90);
	assert_false(view.is_silent);
	assert_false(standings_find(r.s, result.host, (struct span){ 0 }, &view));
	rig_finish(&r);
}

static void output_is_cut_at_a_character(void **state)
{
	(void)state;
	char text[] = "0123456789012345678901234567890123456789"
		      "012345678901234567890123456789012345678\xc3\xa4 and more";
	struct check_result result = rig_result(CHECK_OK, NO_TIME);

	WITH_RIG(r);
	result.output = span_of_text(text);
	rig_submit(&r, &result, 0);
	assert_int_equal(rig_view(&r).output.len, 79);
	result.output = span_of(text, 79);
	rig_submit(&r, &result, 0);
	assert_int_equal(rig_view(&r).output.len, 79);
	result.output = span_of_text("0");
	rig_submit(&r, &result, 0);
	assert_true(span_equal_text(rig_view(&r).output, "0"));
	result.output = (struct span){ 0 };
	rig_submit(&r, &result, 0);
	assert_int_equal(rig_view(&r).output.len, 0);
	rig_finish(&r);
}

static void names_that_are_none_are_not_noted(void **state)
{
	(void)state;
	char longest[256];
	struct check_result result = rig_result(CHECK_OK, NO_TIME);

	WITH_RIG(r);
	memset(longest, 'x', sizeof(longest));
	result.host = span_of(longest, 256);
	assert_int_equal(rig_submit(&r, &result, 0), STANDING_FRESH);
	result.host = span_of("a\0b", 3);
	assert_int_equal(rig_submit(&r, &result, 0), STANDING_FRESH);
	result.host = (struct span){ 0 };
	assert_int_equal(rig_submit(&r, &result, 0), STANDING_FRESH);
	assert_int_equal(standings_count(r.s), 0);
	result.host = result.service = span_of(longest, 255);
	assert_int_equal(rig_submit(&r, &result, 0), STANDING_FRESH);
	assert_int_equal(standings_count(r.s), 1);
	rig_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_own_time_within_bounds_is_kept),
		cmocka_unit_test(out_of_bounds_is_rejected),
		cmocka_unit_test(or_it_is_restamped),
		cmocka_unit_test(or_it_is_believed),
		cmocka_unit_test(a_believed_time_in_the_future_shuts_nobody_out),
		cmocka_unit_test(an_older_own_time_is_out_of_order),
		cmocka_unit_test(another_object_has_another_order),
		cmocka_unit_test(behind_a_stamp_of_arrival_an_older_time_gets_that_stamp),
		cmocka_unit_test(what_was_restamped_does_not_count_as_time),
		cmocka_unit_test(without_a_time_a_clock_that_jumps_loses_nothing),
		cmocka_unit_test(nor_those_with_right_clocks_once_it_is_right_again),
		cmocka_unit_test(a_clock_that_jumped_far_is_no_overflow),
		cmocka_unit_test(an_id_counts_once_within_its_window),
		cmocka_unit_test(a_duplicate_is_told_before_anything_else),
		cmocka_unit_test(the_same_id_of_another_object_is_another_id),
		cmocka_unit_test(judging_notes_nothing),
		cmocka_unit_test(ids_can_be_switched_off),
		cmocka_unit_test(a_retained_result_is_fresh_only_when_it_is_newer),
		cmocka_unit_test(without_a_time_it_is_fresh_only_when_nothing_is_known),
		cmocka_unit_test(a_retained_id_that_came_is_known),
		cmocka_unit_test(a_retained_time_out_of_bounds_is_taken_once),
		cmocka_unit_test(
				a_retained_one_out_of_bounds_is_rejected_where_it_says_something_new),
		cmocka_unit_test(the_last_state_can_be_looked_up),
		cmocka_unit_test(output_is_cut_at_a_character),
		cmocka_unit_test(names_that_are_none_are_not_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
