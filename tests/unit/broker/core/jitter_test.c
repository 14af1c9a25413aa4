/* SPDX-License-Identifier: MIT */
#include "broker/core/jitter.h"

#include "tests/unit/unit.h"

static struct jitter between(int64_t base, int64_t cap)
{
	return (struct jitter){ .base = nanoseconds(base), .cap = nanoseconds(cap) };
}

static void the_first_wait_is_between_the_base_and_three_times_it(void **unused)
{
	(void)unused;
	for (uint64_t random = 0; random < 100; random++) {
		struct jitter j = between(10, 1000);

		assert_in_range(jitter_wait(&j, random).ns, 10, 30);
	}
}

/* The largest wait each time: `random` is the size of the range, less one. */
static void waits_grow_threefold_up_to_the_cap_and_stay_there(void **unused)
{
	static const int64_t waits[] = { 30, 90, 100, 100 };
	struct jitter j = between(10, 100);

	(void)unused;
	assert_int_equal(jitter_wait(&j, 20).ns, waits[0]);
	assert_int_equal(jitter_wait(&j, 80).ns, waits[1]);
	assert_int_equal(jitter_wait(&j, 90).ns, waits[2]);
	assert_int_equal(jitter_wait(&j, 90).ns, waits[3]);
}

/* Every wait follows from the last one, not from the number of attempts. */
static void a_short_wait_is_followed_by_a_short_one(void **unused)
{
	struct jitter j = between(10, 1000);

	(void)unused;
	jitter_wait(&j, 20);
	jitter_wait(&j, 80);
	assert_int_equal(jitter_wait(&j, 0).ns, 10);
	for (uint64_t random = 0; random < 100; random++) {
		struct jitter next = j;

		assert_in_range(jitter_wait(&next, random).ns, 10, 30);
	}
}

static void no_wait_is_outside_of_its_bounds(void **unused)
{
	struct jitter j = between(10, 100);
	uint64_t random = 7;

	(void)unused;
	for (int i = 0; i < 10000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		assert_in_range(jitter_wait(&j, random).ns, 10, 100);
	}
}

static void after_a_success_it_begins_anew(void **unused)
{
	struct jitter j = between(10, 1000);

	(void)unused;
	jitter_wait(&j, 20);
	jitter_wait(&j, 80);
	jitter_reset(&j);
	assert_int_equal(jitter_wait(&j, 20).ns, 30);
	jitter_reset(&j);
	assert_int_equal(jitter_wait(&j, 21).ns, 10);
}

/* `restart_timeout 5 5`, and a cap below the base: the base it is, always. */
static void a_cap_that_is_no_more_than_the_base_makes_waits_equal(void **unused)
{
	(void)unused;
	for (int64_t cap = 0; cap <= 10; cap += 5) {
		struct jitter j = between(10, cap);

		for (uint64_t random = 0; random < 50; random++)
			assert_int_equal(jitter_wait(&j, random).ns, 10);
	}
}

static void no_sum_overflows(void **unused)
{
	struct jitter j = between(INT64_MAX / 2, INT64_MAX);

	(void)unused;
	for (int i = 0; i < 10; i++)
		assert_true(jitter_wait(&j, UINT64_MAX).ns >= INT64_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_wait_is_between_the_base_and_three_times_it),
		cmocka_unit_test(waits_grow_threefold_up_to_the_cap_and_stay_there),
		cmocka_unit_test(a_short_wait_is_followed_by_a_short_one),
		cmocka_unit_test(no_wait_is_outside_of_its_bounds),
		cmocka_unit_test(after_a_success_it_begins_anew),
		cmocka_unit_test(a_cap_that_is_no_more_than_the_base_makes_waits_equal),
		cmocka_unit_test(no_sum_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
