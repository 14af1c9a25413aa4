/* SPDX-License-Identifier: MIT */
#include "gateway/relay/stamp.h"

#include "tests/unit/unit.h"

/* The cache is of the second; before 1970 a second begins below. */
static void stamps_are_those_of_clock(void **state)
{
	static const int64_t times[] = { 0, 1, 999999999, 1000000000, -1, -1000000000, -1000000001,
		1795406706789000000, 1795406706001999999, 1795406707000000000, INT64_MAX,
		INT64_MIN };
	struct stamp cache = { 0 };

	(void)state;
	for (size_t i = 0; i < array_size(times); i++) {
		const struct wall_time t = { times[i] };
		char wanted[WALL_TIME_TEXT];
		struct str text = { 0 };

		stamp_append(&cache, &text, t);
		assert_string_equal(str_text(&text), wall_time_format(t, wanted));
		str_finish(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_are_those_of_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
