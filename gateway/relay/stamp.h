/* SPDX-License-Identifier: MIT */
/*
 * Wall time as RFC 3339 has it, "2026-11-23T04:05:06.789Z", without printf: records by the hundred
 * thousand have two each.
 */
#ifndef GATEWAY_RELAY_STAMP_H
#define GATEWAY_RELAY_STAMP_H

#include "common/clock.h"
#include "common/str.h"

enum { STAMP_LENGTH = 24 };

/* The last stamp written: the next one is mostly of the same second. Zeroed memory is empty. */
struct stamp {
	int64_t second;
	char text[STAMP_LENGTH];
};

/* Append the stamp; one thread at a time. What is finer is dropped, not rounded. */
void stamp_append(struct stamp *cache, struct str *into, struct wall_time time);

/* Append a number with zeros in front of it to `width` digits, at most 10. */
void stamp_append_digits(struct str *into, unsigned number, unsigned width);

#endif
