/* SPDX-License-Identifier: MIT */
/*
 * Results for objects that the core of an output does not have, found out before they are encoded:
 * each becomes a rejection and is remembered as pending.
 */
#ifndef GATEWAY_OUTPUT_UNKNOWN_H
#define GATEWAY_OUTPUT_UNKNOWN_H

#include "gateway/output/pending.h"
#include "gateway/output/sink.h"

/* Of one output; `generation` is zero at the start. */
struct unknown {
	struct pending *pending; /* borrowed */
	size_t output;		 /* its index */
	uint64_t generation;	 /* of the objects, by which pending was pruned last */
};

/*
 * Does the sink's core lack the object of the result? Then *ret says so, borrowing its names; its
 * index is the caller's to set.
 */
bool unknown_find(struct unknown *u, struct sink *sink, const struct check_result *result,
		struct rejection *ret);

/* Remember the object of a result that was found unknown. `publisher` may be NULL. */
void unknown_note(struct unknown *u, const struct check_result *result,
		const struct rejection *rejection, const struct publisher *publisher,
		struct wall_time received);

#endif
