/* SPDX-License-Identifier: MIT */
#include "gateway/relay/civil_time.h"

enum {
	DAY = 86400,
	DAYS_OF_400_YEARS = 146097,
	/* From the 1st of March of year 0 to 1970: a year that begins in March ends with the leap
	   day, and all its months have their lengths in one pattern. */
	DAYS_TO_1970 = 719468,
};

static bool is_leap_year(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static void set_date(struct civil_time *t, int64_t days_since_1970)
{
	static const int before_month[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t days = days_since_1970 + DAYS_TO_1970;
	int of_era = (int)(days % DAYS_OF_400_YEARS), year, of_year, month;

	/* Leap days taken out, so that all years are 365 days long. */
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	t->day = of_year - (153 * month + 2) / 5 + 1;
	t->month = month < 10 ? month + 3 : month - 9;
	t->year = (int)(days / DAYS_OF_400_YEARS) * 400 + year + (t->month <= 2);
	t->year_day = before_month[t->month - 1] + t->day + (t->month > 2 && is_leap_year(t->year));
	/* The 1st of March of year 0 was a Wednesday. */
	t->week_day = (int)((days + 2) % 7) + 1;
}

struct civil_time civil_time_of(struct wall_time time)
{
	int64_t second = wall_time_seconds(time), day = second / DAY, of_day = second % DAY;
	struct civil_time t = { .nanosecond = wall_time_nanosecond(time) };

	if (of_day < 0) {
		of_day += DAY;
		day--;
	}
	set_date(&t, day);
	t.hour = (int)of_day / 3600;
	t.minute = (int)of_day / 60 % 60;
	t.second = (int)of_day % 60;
	return t;
}

/* A year has 53 weeks when it begins on a Thursday, or on a Wednesday and is a leap year. */
static int weeks_of(int year)
{
	int before = year - 1;
	int first = (1 + 5 * (before % 4) + 4 * (before % 100) + 6 * (before % 400)) % 7;

	return 52 + (first == 4 || (first == 3 && is_leap_year(year)));
}

int civil_time_week(const struct civil_time *t, int *ret_year)
{
	int week = (t->year_day - t->week_day + 10) / 7;

	*ret_year = t->year;
	if (week == 0) {
		*ret_year = t->year - 1;
		return weeks_of(t->year - 1);
	}
	if (week > weeks_of(t->year)) {
		*ret_year = t->year + 1;
		return 1;
	}
	return week;
}
