/* SPDX-License-Identifier: MIT */
#include "common/rate.h"

#include "tests/unit/unit.h"

static struct instant at(int64_t ms)
{
	return (struct instant){ ms * 1000000 };
}

static void whole_seconds_count(void **unused)
{
	struct rate r = { 0 };

	(void)unused;
	assert_true(rate_over(&r, at(0), 10) == 0);
	rate_add(&r, at(100), 3);
	rate_add(&r, at(900), 7);
	assert_true(rate_over(&r, at(999), 10) == 0); /* the second has begun only */
	assert_true(rate_over(&r, at(1000), 10) == 1);
	assert_true(rate_over(&r, at(1000), 1) == 10);
	assert_true(rate_over(&r, at(10999), 10) == 1);
	assert_true(rate_over(&r, at(11000), 10) == 0);
	assert_true(rate_over(&r, at(11000), 60) == 10.0 / 60);
}

static void what_is_long_ago_is_forgotten(void **unused)
{
	struct rate r = { 0 };

	(void)unused;
	for (int64_t second = 0; second < 1000; second++)
		rate_add(&r, at(second * 1000), 5);
	assert_true(rate_over(&r, at(1000000), 60) == 5);
	assert_true(rate_over(&r, at(1000000), 10) == 5);
	assert_true(rate_over(&r, at(1030000), 60) == 2.5);
	assert_true(rate_over(&r, at(2000000), 60) == 0);
	rate_add(&r, at(2000000), 60); /* into a slot that was used */
	assert_true(rate_over(&r, at(2001000), 60) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_seconds_count),
		cmocka_unit_test(what_is_long_ago_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
