/* SPDX-License-Identifier: MIT */
/*
 * Three kinds of time that cannot be mixed up: each is a struct, so adding a wall time to a
 * monotonic one does not compile.
 *
 *   struct instant    a point on the monotonic clock; timers, keep-alives, expiries
 *   struct duration   a length of time
 *   struct wall_time  a point in civil time, since 1970 in UTC; only for people and time stamps
 *
 * All count nanoseconds. Pure code (broker/mqtt, broker/core) receives an instant as a value and
 * never calls instant_now() itself.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "common/base.h"

struct instant {
	int64_t ns;
};

struct duration {
	int64_t ns;
};

struct wall_time {
	int64_t ns;
};

/* Later than any instant that occurs: no deadline. */
#define INSTANT_NEVER ((struct instant){ INT64_MAX })

struct instant instant_now(void);
struct wall_time wall_time_now(void);

static inline struct duration nanoseconds(int64_t n)
{
	return (struct duration){ n };
}

static inline struct duration milliseconds(int64_t n)
{
	return (struct duration){ n * 1000000 };
}

static inline struct duration seconds(int64_t n)
{
	return (struct duration){ n * 1000000000 };
}

static inline double duration_seconds(struct duration d)
{
	return (double)d.ns / 1e9;
}

static inline int64_t duration_milliseconds(struct duration d)
{
	return d.ns / 1000000;
}

/* `t` moved by `d`; saturates at INSTANT_NEVER. */
static inline struct instant instant_after(struct instant t, struct duration d)
{
	if (d.ns > 0 && t.ns > INT64_MAX - d.ns)
		return INSTANT_NEVER;
	return (struct instant){ t.ns + d.ns };
}

/* From `earlier` to `later`; negative when they are the other way round. */
static inline struct duration instant_between(struct instant earlier, struct instant later)
{
	return (struct duration){ later.ns - earlier.ns };
}

static inline bool instant_before(struct instant a, struct instant b)
{
	return a.ns < b.ns;
}

static inline bool instant_reached(struct instant deadline, struct instant now)
{
	return now.ns >= deadline.ns;
}

static inline struct instant instant_earlier(struct instant a, struct instant b)
{
	return a.ns < b.ns ? a : b;
}

static inline int64_t wall_time_seconds(struct wall_time t)
{
	return t.ns / 1000000000 - (t.ns % 1000000000 < 0);
}

/* What lies behind the whole second, 0 to 999,999,999. */
static inline int wall_time_nanosecond(struct wall_time t)
{
	int64_t rest = t.ns % 1000000000;

	return (int)(rest < 0 ? rest + 1000000000 : rest);
}

enum { WALL_TIME_TEXT = 32 };

/* "2026-11-23T04:05:06.789Z" into a buffer of WALL_TIME_TEXT bytes; returns the buffer. */
char *wall_time_format(struct wall_time t, char text[WALL_TIME_TEXT]);

#endif
