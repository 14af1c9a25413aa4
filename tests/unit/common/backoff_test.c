/* SPDX-License-Identifier: MIT */
#include "common/backoff.h"

#include "tests/unit/unit.h"

static void waits_double_up_to_the_most_and_start_again_after_success(void **state)
{
	struct backoff b = { .first = milliseconds(100), .most = milliseconds(1000) };
	static const int64_t expected[] = { 100, 200, 400, 800, 1000, 1000 };

	(void)state;
	for (size_t i = 0; i < array_size(expected); i++)
		assert_int_equal(duration_milliseconds(backoff_wait(&b, 0)), expected[i]);
	backoff_reset(&b);
	assert_int_equal(duration_milliseconds(backoff_wait(&b, 0)), 100);
}

static void a_wait_is_shortened_by_at_most_half(void **state)
{
	(void)state;
	for (uint64_t random = 0; random < 1000; random++) {
		struct backoff b = { .first = nanoseconds(100), .most = nanoseconds(100) };
		int64_t ns = backoff_wait(&b, random).ns;

		assert_in_range(ns, 51, 100);
	}
}

static void random_numbers_spread_waits(void **state)
{
	struct backoff b = { .first = seconds(60), .most = seconds(60) };
	uint64_t one = 1, other = 2;
	size_t early = 0, alike = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		int64_t ns = backoff_wait(&b, backoff_random(&one)).ns;

		early += ns < seconds(45).ns;
		alike += ns == backoff_wait(&b, backoff_random(&other)).ns;
	}
	assert_in_range(early, 400, 600);
	assert_int_equal(alike, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_the_most_and_start_again_after_success),
		cmocka_unit_test(a_wait_is_shortened_by_at_most_half),
		cmocka_unit_test(random_numbers_spread_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
