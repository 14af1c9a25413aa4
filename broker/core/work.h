/* SPDX-License-Identifier: MIT */
/*
 * How much is done in one turn of the event loop, so that no client can hold it.
 *
 * What is done is counted in units of about a tenth of a microsecond: one for a packet, one for
 * each receiver of a message, some for a filter that is subscribed to, one for a topic that is
 * looked at. Whoever goes through a list that a stranger may have made long counts as he goes, and
 * stops when his share of the turn is used up; the rest waits for the next turn.
 */
#ifndef BROKER_CORE_WORK_H
#define BROKER_CORE_WORK_H

#include "common/base.h"

enum {
	WORK_TURN = 131072,	/* from here on a turn is long */
	WORK_SHARE = 16384,	/* one client's packets; the timers that are due */
	WORK_SMALL_SHARE = 512, /* one client's packets, once the turn is long */
	WORK_BESIDE = 8192,	/* what was put off, beside a turn's packets */
	WORK_FILTER = 4,	/* to subscribe or unsubscribe */
	WORK_CLOSE = 256,	/* to end a connection, to close one that has ended: system calls */
};

/* Zeroed memory is the beginning. */
struct work {
	uint64_t done;	     /* only ever grows */
	uint64_t turn_began; /* `done` at that time */
	uint64_t share_ends; /* `done` at which the packets of the client at hand have had theirs */
};

static inline void work_begin_turn(struct work *w)
{
	w->turn_began = w->done;
}

static inline bool work_turn_is_long(const struct work *w)
{
	return w->done - w->turn_began >= WORK_TURN;
}

/* It is a client's turn to have its packets dealt with. */
static inline void work_begin_share(struct work *w)
{
	w->share_ends = w->done + (work_turn_is_long(w) ? WORK_SMALL_SHARE : WORK_SHARE);
}

static inline bool work_share_is_over(const struct work *w)
{
	return w->done >= w->share_ends;
}

#endif
