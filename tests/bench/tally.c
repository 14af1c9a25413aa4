/* SPDX-License-Identifier: MIT */
#include "tests/bench/tally.h"

#include <stdlib.h>

#include "tests/bench/memory.h"

void tally_init(struct tally *t, uint64_t n)
{
	*t = (struct tally){ .n = n, .seen = memory_zeroed((size_t)(n / 64 + 1), 8) };
}

void tally_finish(struct tally *t)
{
	free(t->seen);
	t->seen = NULL;
}

bool tally_note(struct tally *t, uint64_t number)
{
	uint64_t bit = (uint64_t)1 << number % 64;

	if (number >= t->n)
		return false;
	if ((t->seen[number / 64] & bit) != 0) {
		t->duplicates++;
		return true;
	}
	t->seen[number / 64] |= bit;
	t->received++;
	return true;
}
