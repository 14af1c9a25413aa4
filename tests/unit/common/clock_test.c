/* SPDX-License-Identifier: MIT */
#include "common/clock.h"

#include "tests/unit/unit.h"

static void units_are_nanoseconds(void **unused)
{
	(void)unused;
	assert_int_equal(nanoseconds(5).ns, 5);
	assert_int_equal(milliseconds(5).ns, 5000000);
	assert_int_equal(seconds(5).ns, 5000000000);
	assert_int_equal(duration_milliseconds(seconds(2)), 2000);
	assert_true(duration_seconds(milliseconds(1500)) == 1.5);
	assert_int_equal(seconds(UINT32_MAX).ns, 4294967295000000000);
}

static void a_deadline_saturates_at_never(void **unused)
{
	struct instant late = { INT64_MAX - 5 };

	(void)unused;
	assert_true(instant_after(late, nanoseconds(5)).ns == INT64_MAX);
	assert_true(instant_after(late, nanoseconds(6)).ns == INSTANT_NEVER.ns);
	assert_true(instant_after(late, seconds(1)).ns == INSTANT_NEVER.ns);
	assert_true(instant_after(INSTANT_NEVER, seconds(1)).ns == INSTANT_NEVER.ns);
	assert_int_equal(instant_after((struct instant){ 10 }, nanoseconds(-3)).ns, 7);
}

static void a_deadline_is_reached_when_it_is_now(void **unused)
{
	struct instant a = { 10 }, b = { 11 };

	(void)unused;
	assert_true(instant_reached(a, a));
	assert_true(instant_reached(a, b));
	assert_false(instant_reached(b, a));
	assert_false(instant_reached(INSTANT_NEVER, b));
	assert_true(instant_before(a, b));
	assert_false(instant_before(a, a));
	assert_int_equal(instant_between(a, b).ns, 1);
	assert_int_equal(instant_between(b, a).ns, -1);
	assert_int_equal(instant_earlier(a, b).ns, 10);
	assert_int_equal(instant_earlier(b, a).ns, 10);
}

static void the_monotonic_clock_does_not_go_back(void **unused)
{
	struct instant a = instant_now();

	(void)unused;
	for (int i = 0; i < 1000; i++) {
		struct instant b = instant_now();

		assert_false(instant_before(b, a));
		a = b;
	}
	assert_true(wall_time_seconds(wall_time_now()) > 1600000000);
}

static void wall_time_reads_as_iso_8601_in_utc(void **unused)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 999999, "1970-01-01T00:00:00.000Z" },
		{ 1000000, "1970-01-01T00:00:00.001Z" },
		{ 1795406706789000000, "2026-11-23T04:05:06.789Z" },
		{ 951782400000000000, "2000-02-29T00:00:00.000Z" },
		{ -1000000, "1969-12-31T23:59:59.999Z" },
		{ -1000000000, "1969-12-31T23:59:59.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 4102444800000000000, "2100-01-01T00:00:00.000Z" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		char text[WALL_TIME_TEXT];

		assert_string_equal(wall_time_format((struct wall_time){ rows[i].ns }, text),
				rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_nanoseconds),
		cmocka_unit_test(a_deadline_saturates_at_never),
		cmocka_unit_test(a_deadline_is_reached_when_it_is_now),
		cmocka_unit_test(the_monotonic_clock_does_not_go_back),
		cmocka_unit_test(wall_time_reads_as_iso_8601_in_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
