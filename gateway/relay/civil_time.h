/* SPDX-License-Identifier: MIT */
/*
 * Wall time as a date in UTC, for records by the hundred thousand: no locale, no zone, no table of
 * leap seconds. The calendar is the Gregorian one, as in ISO 8601.
 *
 * Pure. Any thread.
 */
#ifndef GATEWAY_RELAY_CIVIL_TIME_H
#define GATEWAY_RELAY_CIVIL_TIME_H

#include "common/clock.h"

struct civil_time {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
	int nanosecond;
	int year_day; /* from 1 */
	int week_day; /* 1 is Monday, 7 Sunday */
};

/* Of any wall time: the years 1677 to 2262. */
struct civil_time civil_time_of(struct wall_time time);

/* The week, and the year that it belongs to. */
int civil_time_week(const struct civil_time *t, int *ret_year);

#endif
