/* SPDX-License-Identifier: MIT */
/*
 * What was delivered lately, for a core that forgets its last seconds when it is restarted: from
 * where to hand over again. The journal keeps what was confirmed (journal_keep).
 *
 *     delivered … delivered │ delivered … delivered │ core gone … core back → SINK_REWIND
 *                           └──────── window ────────┘
 *
 * Batches are remembered in steps of a fraction of the window, so a little more than the window is
 * handed over again and never less.
 */
#ifndef GATEWAY_OUTPUT_REPLAY_H
#define GATEWAY_OUTPUT_REPLAY_H

#include "gateway/output/sink.h"

enum { REPLAY_STEPS = 32 };

struct replay {
	struct duration window; /* 0: nothing is remembered */
	struct replay_step {
		struct instant began, ended;
		struct wall_time received; /* of its first result */
	} steps[REPLAY_STEPS + 2];
	size_t count;
	bool is_due;
	struct wall_time from;
};

/* Zeroed memory with a window is the start. */

/* A batch has arrived. */
void replay_delivered(struct replay *r, const struct batch *batch, struct instant now);

/* The core is gone: what it was given within the window may be forgotten. */
void replay_core_gone(struct replay *r, struct instant now);

/* It is back. True, with what rewind_to() is to say, when something has to be handed over again. */
bool replay_take(struct replay *r, struct wall_time *ret_from);

#endif
