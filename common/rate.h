/* SPDX-License-Identifier: MIT */
/*
 * How often something has happened lately, counted by the second. Pure: time comes in as a value.
 * Zeroed memory is a valid one in which nothing has happened. One thread at a time.
 */
#ifndef COMMON_RATE_H
#define COMMON_RATE_H

#include "common/clock.h"

enum { RATE_SECONDS = 64 /* are kept; a power of 2 */ };

struct rate {
	struct {
		int64_t second;
		uint64_t count;
	} slots[RATE_SECONDS];
};

/* It has happened `count` times now. */
void rate_add(struct rate *r, struct instant now, uint64_t count);

/*
 * How often a second over the last `window` whole seconds, 1 to RATE_SECONDS - 1; the one that has
 * begun does not count yet.
 */
double rate_over(const struct rate *r, struct instant now, unsigned window);

#endif
