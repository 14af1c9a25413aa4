/* SPDX-License-Identifier: MIT */
#include "gateway/relay/civil_time.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <time.h>

/* Every day of the years that there are, against the C library. */
static void dates_are_those_of_the_library(void **state)
{
	(void)state;
	for (int64_t day = -106751; day <= 106751; day++) {
		const time_t second = day * 86400 + 3661 + day % 7;
		struct civil_time t = civil_time_of((struct wall_time){ second * 1000000000 + 5 });
		struct tm tm;
		char week[16], wanted[16];
		int year, number;

		gmtime_r(&second, &tm);
		assert_int_equal(t.year, tm.tm_year + 1900);
		assert_int_equal(t.month, tm.tm_mon + 1);
		assert_int_equal(t.day, tm.tm_mday);
		assert_int_equal(t.year_day, tm.tm_yday + 1);
		assert_int_equal(t.week_day, tm.tm_wday == 0 ? 7 : tm.tm_wday);
		assert_int_equal(t.hour * 3600 + t.minute * 60 + t.second,
				tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
		assert_int_equal(t.nanosecond, 5);
		number = civil_time_week(&t, &year);
		strftime(wanted, sizeof(wanted), "%G-%V", &tm);
		snprintf(week, sizeof(week), "%04d-%02d", year, number);
		assert_string_equal(week, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_those_of_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
