/* SPDX-License-Identifier: MIT */
/*
 * "Decorrelated jitter", as `restart_timeout BASE CAP` of mosquitto.conf has it: each wait is
 * somewhere between BASE and three times the last one, and CAP at most, so that the bridges of one
 * broker do not come back to it together. Pure: randomness comes in as a value.
 */
#ifndef BROKER_CORE_JITTER_H
#define BROKER_CORE_JITTER_H

#include "common/clock.h"

struct jitter {
	struct duration base, cap;
	struct duration last; /* zero: none yet */
};

/* It worked: the next failure starts from the base again. */
static inline void jitter_reset(struct jitter *j)
{
	j->last = nanoseconds(0);
}

/* It failed: the wait before the next attempt. `random` is any number. */
static inline struct duration jitter_wait(struct jitter *j, uint64_t random)
{
	int64_t last = j->last.ns > j->base.ns ? j->last.ns : j->base.ns;
	int64_t range = last >= j->cap.ns / 3 ? j->cap.ns : last * 3;

	j->last = j->base;
	if (range > j->base.ns)
		j->last.ns += (int64_t)(random % (uint64_t)(range - j->base.ns + 1));
	return j->last;
}

#endif
