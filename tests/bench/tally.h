/* SPDX-License-Identifier: MIT */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stdbool.h>
#include <stdint.h>

/* Which of the numbers 0 .. n - 1 have come, in whatever order, and how many came again. */
struct tally {
	uint64_t n, received, duplicates;
	uint64_t *seen; /* one bit each */
};

void tally_init(struct tally *t, uint64_t n);
void tally_finish(struct tally *t);

/* False when there is no such number. */
bool tally_note(struct tally *t, uint64_t number);

#endif
