/* SPDX-License-Identifier: MIT */
#include "common/hash.h"

#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_seed(void)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		abort();
	return seed;
}

uint32_t hash_span(uint64_t seed, struct span key)
{
	return (uint32_t)hash_span_wide(seed, key);
}

uint64_t hash_span_wide(uint64_t seed, struct span key)
{
	return XXH3_64bits_withSeed(key.data, key.len, seed);
}
