/* SPDX-License-Identifier: MIT */
/*
 * The deadlines of a shard, and what each is about. Time comes in as a value; nobody here asks a
 * clock.
 *
 * A timer is embedded in its owner; it is moved or removed in O(log n). A keep-alive is not moved
 * at each packet: the owner looks at its last activity when the timer is due and sets it again, one
 * heap operation per period and client.
 */
#ifndef BROKER_CORE_TIMER_H
#define BROKER_CORE_TIMER_H

#include "common/deadlines.h"

enum timer_kind {
	TIMER_CLIENT,  /* a CONNECT that did not come, a keep-alive that was missed */
	TIMER_SESSION, /* a session expires */
	TIMER_WILL,    /* a will message's delay is over */
	TIMER_SWEEP,   /* retained messages may have expired */
};

/* Zeroed memory is a timer that is not set; `kind` is set once by the owner. */
struct timer {
	struct instant at; /* of what is set, or was last */
	struct deadline deadline;
	enum timer_kind kind;
};

/* Zeroed memory is an empty heap. */
struct timers {
	struct deadlines deadlines;
};

void timers_finish(struct timers *t);

static inline bool timer_is_set(const struct timer *timer)
{
	return deadline_is_set(&timer->deadline);
}

/* Set or move; at INSTANT_NEVER it is cleared. */
void timer_set(struct timers *t, struct timer *timer, struct instant at);
void timer_clear(struct timers *t, struct timer *timer);

/* When the next one is due; INSTANT_NEVER when none is set. */
struct instant timers_next(const struct timers *t);

/* Take out one that is due at `now`, or NULL. */
struct timer *timers_due(struct timers *t, struct instant now);

#endif
