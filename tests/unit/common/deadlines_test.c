/* SPDX-License-Identifier: MIT */
#include "common/deadlines.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

static struct instant instant(int64_t ns)
{
	return (struct instant){ ns };
}

static void an_empty_heap_never_is_due(void **state)
{
	(void)state;
	struct deadlines d = { 0 };
	struct deadline one = { 0 };

	assert_int_equal(deadlines_next(&d).ns, INSTANT_NEVER.ns);
	assert_null(deadlines_first(&d));
	deadline_clear(&d, &one);
	deadline_set(&d, &one, INSTANT_NEVER);
	assert_int_equal(d.count, 0);
	deadlines_finish(&d);
}

static void one_is_moved_and_cleared(void **state)
{
	(void)state;
	struct deadlines d = { 0 };
	struct deadline a = { 0 }, b = { 0 };

	deadline_set(&d, &a, instant(5));
	deadline_set(&d, &b, instant(3));
	assert_ptr_equal(deadlines_first(&d), &b);
	deadline_set(&d, &b, instant(7));
	assert_ptr_equal(deadlines_first(&d), &a);
	deadline_set(&d, &a, INSTANT_NEVER);
	assert_int_equal(deadlines_next(&d).ns, 7);
	assert_int_equal(a.place, 0);
	deadline_clear(&d, &b);
	assert_int_equal(d.count, 0);
	deadlines_finish(&d);
}

/* Against the obvious: the least of an array. */
static void whatever_is_done_the_first_is_the_earliest(void **state)
{
	(void)state;
	enum { COUNT = 50 };
	struct deadlines d = { 0 };
	struct deadline deadlines[COUNT] = { { 0 } };
	int64_t due[COUNT];
	uint32_t random = 1;

	for (size_t i = 0; i < COUNT; i++)
		due[i] = INT64_MAX;
	for (int step = 0; step < 100000; step++) {
		int64_t least = INT64_MAX;
		size_t i;

		random = random * 1664525 + 1013904223;
		i = (random >> 8) % COUNT;
		due[i] = (random >> 30) == 0 ? INT64_MAX : (int64_t)(random >> 16) % 1000 - 500;
		deadline_set(&d, &deadlines[i], instant(due[i]));
		for (size_t k = 0; k < COUNT; k++)
			least = due[k] < least ? due[k] : least;
		assert_int_equal(deadlines_next(&d).ns, least);
		if (least != INT64_MAX)
			assert_int_equal(due[deadlines_first(&d) - deadlines], least);
	}
	deadlines_finish(&d);
}

static void a_million_come_out_in_order(void **state)
{
	(void)state;
	enum { COUNT = 1000000 };
	struct deadlines d = { 0 };
	struct deadline *deadlines = xcalloc(COUNT, sizeof(*deadlines));
	int64_t last = INT64_MIN;

	for (uint32_t i = 0; i < COUNT; i++)
		deadline_set(&d, &deadlines[i], instant((int64_t)(i * 2654435761u)));
	for (uint32_t i = 0; i < COUNT; i += 2)
		deadline_set(&d, &deadlines[i], instant((int64_t)(i * 40503u)));
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_true(deadlines_next(&d).ns >= last);
		last = deadlines_next(&d).ns;
		deadline_clear(&d, deadlines_first(&d));
	}
	assert_int_equal(d.count, 0);
	deadlines_finish(&d);
	free(deadlines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_heap_never_is_due),
		cmocka_unit_test(one_is_moved_and_cleared),
		cmocka_unit_test(whatever_is_done_the_first_is_the_earliest),
		cmocka_unit_test(a_million_come_out_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
