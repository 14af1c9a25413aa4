/* SPDX-License-Identifier: MIT */
/*
 * The time of a check as publishers write it: a number since 1970 in seconds, milliseconds,
 * microseconds or nanoseconds, or RFC 3339.
 */
#ifndef COMMON_TIME_PARSE_H
#define COMMON_TIME_PARSE_H

#include "common/clock.h"
#include "common/span.h"

/*
 * The unit of a number is told by its size: more than 10^17 is nanoseconds, 10^14 microseconds,
 * 10^11 milliseconds, else seconds (up to the year 5138). Digits are kept to the nanosecond; what
 * is finer is dropped. A date needs its time zone (Z, +01:00, +0100): none is assumed.
 *
 * False when it is neither, or lies before 1970 or after 2262.
 */
bool time_parse(struct span text, struct wall_time *ret);

#endif
