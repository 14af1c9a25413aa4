/* SPDX-License-Identifier: MIT */
/*
 * How much may wait for one output, and what goes when it is more. What waits are records of the
 * journal behind the output's place, whoever they are for.
 *
 *     drop_oldest  the place jumps ahead to the newest `limit` records
 *     drop_newest  records that come while `limit` wait are passed over when their turn comes
 *
 * Pure. What drop_newest has decided is not kept over a restart: such records are delivered then,
 * in their order, also those that were passed over behind the last place that was confirmed and are
 * counted. To decide anew what waits would drop what was let in.
 */
#ifndef GATEWAY_OUTPUT_BACKLOG_H
#define GATEWAY_OUTPUT_BACKLOG_H

#include "common/base.h"

enum backlog_policy { BACKLOG_BLOCK, BACKLOG_DROP_OLDEST, BACKLOG_DROP_NEWEST };

struct backlog_range {
	uint64_t first, last; /* sequences that are passed over */
};

enum { BACKLOG_RANGES = 256 };

struct backlog {
	enum backlog_policy policy;
	uint64_t limit;
	uint64_t head;				     /* as of the last look */
	struct backlog_range ranges[BACKLOG_RANGES]; /* in order; the first ones are the oldest */
	size_t count;
};

/*
 * The journal's last sequence is `head`, and the output has taken what is up to `position`. Returns
 * where it goes on behind: `position`, or a later one with drop_oldest.
 */
uint64_t backlog_look(struct backlog *b, uint64_t position, uint64_t head);

/* Is the record at `sequence` passed over? Asked in rising order. */
bool backlog_drops(struct backlog *b, uint64_t sequence);

#endif
