/* SPDX-License-Identifier: MIT */
/*
 * Wall time as a date in UTC, for records by the hundred thousand: no locale, no zone, no printf.
 */
#ifndef GATEWAY_RELAY_STAMP_H
#define GATEWAY_RELAY_STAMP_H

#include "common/clock.h"
#include "common/str.h"

struct civil_time {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
	int nanosecond;
	int year_day; /* from 1 */
	int week_day; /* 1 is Monday, 7 Sunday, as in ISO 8601 */
};

/* Of any wall time: the years 1677 to 2262. */
struct civil_time civil_time_of(struct wall_time time);

/* The week of ISO 8601, and the year that it belongs to. */
int civil_time_week(const struct civil_time *t, int *ret_year);

enum { STAMP_LENGTH = 24 };

/* The last stamp written: the next one is mostly of the same second. Zeroed memory is empty. */
struct stamp {
	int64_t second;
	char text[STAMP_LENGTH];
};

/* Append "2026-11-23T04:05:06.789Z". What is finer is dropped, not rounded. */
void stamp_append(struct stamp *cache, struct str *into, struct wall_time time);

/* Append a number with zeros in front of it to `width` digits. */
void append_digits(struct str *into, unsigned number, unsigned width);

#endif
