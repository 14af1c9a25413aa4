/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean ...?": which of the known words a mistyped one is closest to.
 */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

#include "common/span.h"

/* The best candidate seen so far. Zeroed memory is the start; `best` is NULL until one fits. */
struct nearest {
	const char *best; /* borrowed from the caller of nearest_offer() */
	size_t distance;
};

/*
 * Offer one known word. It is taken when it needs at most a third of its letters changed, added,
 * dropped or swapped to become `word`, and fewer than the best so far.
 */
void nearest_offer(struct nearest *n, struct span word, const char *known);

#endif
