/* SPDX-License-Identifier: MIT */
/*
 * How long to wait before the next try: doubles from `first` to `most`, and each wait is shortened
 * by a random part of up to half, so that many clients of one server do not come back together.
 * Pure: randomness comes in as a value.
 */
#ifndef COMMON_BACKOFF_H
#define COMMON_BACKOFF_H

#include "common/clock.h"

struct backoff {
	struct duration first;
	struct duration most;
	struct duration next; /* zero: the next wait is `first` */
};

/* It worked: the next failure starts from `first` again. */
static inline void backoff_reset(struct backoff *b)
{
	b->next = nanoseconds(0);
}

/* It failed: the wait before the next try. `random` is any number. */
static inline struct duration backoff_wait(struct backoff *b, uint64_t random)
{
	struct duration wait = b->next.ns > 0 ? b->next : b->first;
	int64_t half = wait.ns / 2;

	b->next = wait.ns >= b->most.ns / 2 ? b->most : nanoseconds(wait.ns * 2);
	return nanoseconds(wait.ns - (half > 0 ? (int64_t)(random % (uint64_t)half) : 0));
}

/*
 * A number for it, of 64 bits, out of a state that began as hash_seed(): fit for spreading clients
 * and for nothing else. (SplitMix64: a counter of odd step, its bits mixed by multiplication.)
 */
static inline uint64_t backoff_random(uint64_t *state)
{
	uint64_t bits = *state += 0x9e3779b97f4a7c15;

	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
	return bits ^ bits >> 31;
}

#endif
