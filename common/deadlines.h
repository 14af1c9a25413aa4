/* SPDX-License-Identifier: MIT */
/*
 * Deadlines of many objects in one binary heap. Time comes in as a value; nobody here asks a clock.
 *
 * A deadline is embedded in its owner and knows its place in the heap, so that it is moved or
 * removed in O(log n). The instant lies in the heap, 16 bytes an entry: comparing two does not
 * touch their owners.
 */
#ifndef COMMON_DEADLINES_H
#define COMMON_DEADLINES_H

#include "common/clock.h"

/* Zeroed memory is a deadline that is not set. It must not move while it is set. */
struct deadline {
	uint32_t place; /* in the heap, counted from 1; 0: it is not set */
};

/* Zeroed memory is an empty heap. */
struct deadlines {
	struct deadline_slot {
		struct instant at;
		struct deadline *who;
	} * heap;
	size_t count, capacity;
};

/* Frees the heap; the deadlines belong to their owners. */
void deadlines_finish(struct deadlines *d);

static inline bool deadline_is_set(const struct deadline *deadline)
{
	return deadline->place > 0;
}

/* Set or move; at INSTANT_NEVER it is cleared. */
void deadline_set(struct deadlines *d, struct deadline *deadline, struct instant at);
void deadline_clear(struct deadlines *d, struct deadline *deadline);

/* The earliest one and when it is due; NULL and INSTANT_NEVER when none is set. */
struct deadline *deadlines_first(const struct deadlines *d);
struct instant deadlines_next(const struct deadlines *d);

#endif
