/* SPDX-License-Identifier: MIT */
/*
 * Whether a thread lives, told from outside by a number that grows with each of its turns.
 */
#ifndef GATEWAY_PULSE_H
#define GATEWAY_PULSE_H

#include "common/clock.h"

/* Zeroed memory is the start. */
struct pulse {
	bool is_known;
	uint64_t turns;	   /* when it was looked at last */
	struct instant at; /* when that number was seen first */
};

/* Look at the number; false when it has been the same for longer than `patience`. */
static inline bool pulse_beats(
		struct pulse *p, uint64_t turns, struct instant now, struct duration patience)
{
	if (!p->is_known || p->turns != turns)
		*p = (struct pulse){ .is_known = true, .turns = turns, .at = now };
	return instant_between(p->at, now).ns <= patience.ns;
}

#endif
