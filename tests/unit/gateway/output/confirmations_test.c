/* SPDX-License-Identifier: MIT */
#include "gateway/output/confirmations.h"

#include "tests/unit/unit.h"

static int64_t when(struct confirmations *c, uint64_t sequence)
{
	struct wall_time time = { -1 };

	return confirmations_find(c, sequence, &time) ? time.ns : -1;
}

static void a_batch_confirms_what_lies_before_its_end(void **state)
{
	struct confirmations *c = confirmations_create(10);

	(void)state;
	assert_int_equal(when(c, 11), -1);
	confirmations_add(c, 12, (struct wall_time){ 100 });
	confirmations_add(c, 20, (struct wall_time){ 200 });
	assert_int_equal(when(c, 10), -1); /* of an earlier run */
	assert_int_equal(when(c, 11), 100);
	assert_int_equal(when(c, 12), 100);
	assert_int_equal(when(c, 13), 200);
	assert_int_equal(when(c, 20), 200);
	assert_int_equal(when(c, 21), -1);
	confirmations_destroy(c);
	confirmations_destroy(NULL);
}

static void a_replay_does_not_change_when_it_was_confirmed_first(void **state)
{
	struct confirmations *c = confirmations_create(0);

	(void)state;
	confirmations_add(c, 5, (struct wall_time){ 100 });
	confirmations_add(c, 3, (struct wall_time){ 200 });
	confirmations_add(c, 5, (struct wall_time){ 300 });
	assert_int_equal(when(c, 2), 100);
	assert_int_equal(when(c, 5), 100);
	confirmations_destroy(c);
}

static void what_is_forgotten_is_not_taken_for_something_later(void **state)
{
	struct confirmations *c = confirmations_create(0);

	(void)state;
	for (uint64_t i = 1; i <= 3000; i++)
		confirmations_add(c, i, (struct wall_time){ (int64_t)i });
	assert_int_equal(when(c, 1), -1);
	assert_int_equal(when(c, 900), -1);
	assert_int_equal(when(c, 2000), 2000);
	assert_int_equal(when(c, 3000), 3000);
	confirmations_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_confirms_what_lies_before_its_end),
		cmocka_unit_test(a_replay_does_not_change_when_it_was_confirmed_first),
		cmocka_unit_test(what_is_forgotten_is_not_taken_for_something_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
