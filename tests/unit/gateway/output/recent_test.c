/* SPDX-License-Identifier: MIT */
#include "gateway/output/recent.h"

#include "tests/unit/unit.h"

static struct instant at(int64_t ms)
{
	return (struct instant){ ms * 1000000 };
}

static void what_was_delivered_since_is_known(void **state)
{
	struct recent r = { 0 };

	(void)state;
	assert_int_equal(recent_before(&r), UINT64_MAX);
	for (uint64_t i = 0; i < 50; i++)
		recent_add(&r, at((int64_t)i * 1000), 10 + i);
	recent_forget(&r, at(40000));
	assert_int_equal(recent_before(&r), 49);
	recent_forget(&r, at(40001));
	assert_int_equal(recent_before(&r), 50);
	recent_forget(&r, at(60000));
	assert_int_equal(recent_before(&r), UINT64_MAX);
	recent_finish(&r);
}

static void deliveries_close_together_are_kept_together(void **state)
{
	struct recent r = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		recent_add(&r, at((int64_t)i), 1 + i);
	assert_true(r.count <= 10);
	recent_forget(&r, at(50)); /* the last of the first piece was later */
	assert_int_equal(recent_before(&r), 0);
	recent_clear(&r);
	assert_int_equal(recent_before(&r), UINT64_MAX);
	recent_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_delivered_since_is_known),
		cmocka_unit_test(deliveries_close_together_are_kept_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
