/* SPDX-License-Identifier: MIT */
/*
 * Reading a histogram back. A quantile is the upper edge of the bucket it falls into, so that it
 * never flatters.
 */
#include "tests/bench/histogram.h"

static uint64_t bucket_upper_edge(unsigned bucket)
{
	unsigned shift;
	uint64_t mantissa;

	if (bucket < 1u << HISTOGRAM_SUB_BITS)
		return bucket;
	shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
	mantissa = bucket & ((1u << HISTOGRAM_SUB_BITS) - 1);
	return ((mantissa + (1u << HISTOGRAM_SUB_BITS) + 1) << shift) - 1;
}

uint64_t histogram_quantile(const struct histogram *h, double quantile)
{
	uint64_t rank = (uint64_t)(quantile * (double)h->n), seen = 0;

	if (h->n == 0)
		return 0;
	if (rank >= h->n)
		return h->max;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->counts[i];
		if (seen > rank) {
			uint64_t edge = bucket_upper_edge(i);
			return edge < h->max ? edge : h->max;
		}
	}
	return h->max;
}
