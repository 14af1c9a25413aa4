/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

/*
 * Counts of durations in nanoseconds, exact to better than 1 %: every power of two is cut into
 * 128 equal buckets, so that recording costs one increment and a zeroed struct is empty.
 */
enum {
	HISTOGRAM_SUB_BITS = 7,
	HISTOGRAM_BUCKETS = (64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS
};

struct histogram {
	uint64_t n, max;
	uint64_t counts[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t ns)
{
	unsigned shift;

	if (ns < 1u << HISTOGRAM_SUB_BITS)
		return (unsigned)ns;
	shift = 63 - HISTOGRAM_SUB_BITS - (unsigned)__builtin_clzll(ns);
	return ((shift + 1) << HISTOGRAM_SUB_BITS) +
	       (unsigned)(ns >> shift & ((1u << HISTOGRAM_SUB_BITS) - 1));
}

static inline void histogram_record(struct histogram *h, uint64_t ns)
{
	h->n++;
	h->counts[histogram_bucket(ns)]++;
	if (ns > h->max)
		h->max = ns;
}

/* The duration that the share `quantile` (0 to 1) of all records does not exceed; 0 when empty. */
uint64_t histogram_quantile(const struct histogram *h, double quantile);

#endif
