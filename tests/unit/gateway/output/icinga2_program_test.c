/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2_program.h"

#include "tests/unit/unit.h"

static const struct span first = SPAN("1795384096.25 7"), second = SPAN("1795384196.5 7");

static struct instant at(int64_t s)
{
	return (struct instant){ seconds(s).ns };
}

static void another_life_is_told(void **state)
{
	struct icinga2_program p = { .window = seconds(10) };

	(void)state;
	assert_true(icinga2_program_meet(&p, first));
	assert_true(icinga2_program_meet(&p, first));
	assert_false(p.has_changed);
	assert_false(icinga2_program_meet(&p, second));
	assert_true(p.has_changed);
	icinga2_program_finish(&p);
}

static void what_was_taken_a_window_ago_is_held(void **state)
{
	struct icinga2_program p = { .window = seconds(10) };

	(void)state;
	icinga2_program_deliver(&p, at(100), 41);
	icinga2_program_deliver(&p, at(105), 51);
	icinga2_program_hear(&p, at(110));
	assert_int_equal(icinga2_program_held(&p), 40);
	icinga2_program_hear(&p, at(111));
	assert_int_equal(icinga2_program_held(&p), 50);
	icinga2_program_hear(&p, at(116));
	assert_true(icinga2_program_held(&p) == UINT64_MAX);
	icinga2_program_finish(&p);
}

static void an_earlier_run_is_believed(void **state)
{
	struct icinga2_program p = { .window = seconds(10) }, next = { .window = seconds(10) };

	(void)state;
	icinga2_program_meet(&p, first);
	icinga2_program_recall(&next, p.id, 40, at(100));
	assert_int_equal(icinga2_program_held(&next), 40);
	assert_true(icinga2_program_meet(&next, first));
	icinga2_program_hear(&next, at(111));
	assert_true(icinga2_program_held(&next) == UINT64_MAX);
	icinga2_program_finish(&next);

	next = (struct icinga2_program){ .window = seconds(10) };
	icinga2_program_recall(&next, p.id, 40, at(100));
	assert_false(icinga2_program_meet(&next, second));
	assert_int_equal(icinga2_program_held(&next), 40);
	icinga2_program_finish(&next);
	icinga2_program_finish(&p);
}

static void of_one_that_held_everything_nothing_is_asked_again(void **state)
{
	struct icinga2_program p = { .window = seconds(10) };

	(void)state;
	icinga2_program_recall(&p, 7, UINT64_MAX, at(100));
	assert_false(icinga2_program_meet(&p, first));
	assert_true(icinga2_program_held(&p) == UINT64_MAX);
	icinga2_program_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_life_is_told),
		cmocka_unit_test(what_was_taken_a_window_ago_is_held),
		cmocka_unit_test(an_earlier_run_is_believed),
		cmocka_unit_test(of_one_that_held_everything_nothing_is_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
