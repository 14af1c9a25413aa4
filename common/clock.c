/* SPDX-License-Identifier: MIT */
#include "common/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct instant instant_now(void)
{
	return (struct instant){ now_ns(CLOCK_MONOTONIC) };
}

struct wall_time wall_time_now(void)
{
	return (struct wall_time){ now_ns(CLOCK_REALTIME) };
}

char *wall_time_format(struct wall_time t, char text[WALL_TIME_TEXT])
{
	time_t second = (time_t)wall_time_seconds(t);
	int millisecond = wall_time_nanosecond(t) / 1000000;
	struct tm civil;
	size_t len;

	gmtime_r(&second, &civil);
	len = strftime(text, WALL_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &civil);
	snprintf(text + len, WALL_TIME_TEXT - len, ".%03dZ", millisecond);
	return text;
}
