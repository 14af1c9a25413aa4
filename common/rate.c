/* SPDX-License-Identifier: MIT */
#include "common/rate.h"

/* 1 and up: a slot that was never used is of second 0. */
static int64_t second_of(struct instant now)
{
	return now.ns / 1000000000 + 1;
}

void rate_add(struct rate *r, struct instant now, uint64_t count)
{
	int64_t second = second_of(now);
	size_t i = (size_t)second % RATE_SECONDS;

	if (r->slots[i].second != second) {
		r->slots[i].second = second;
		r->slots[i].count = 0;
	}
	r->slots[i].count += count;
}

double rate_over(const struct rate *r, struct instant now, unsigned window)
{
	int64_t second = second_of(now);
	uint64_t sum = 0;

	for (size_t i = 0; i < RATE_SECONDS; i++) {
		int64_t ago = second - r->slots[i].second;

		if (r->slots[i].second > 0 && ago >= 1 && ago <= (int64_t)window)
			sum += r->slots[i].count;
	}
	return (double)sum / window;
}
