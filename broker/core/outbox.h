/* SPDX-License-Identifier: MIT */
/*
 * Deliveries that wait for their session: for its client to come back, or for room in its
 * in-flight window. First in, first out, bounded by number and bytes; the owner of the bounds
 * decides, the outbox counts.
 */
#ifndef BROKER_CORE_OUTBOX_H
#define BROKER_CORE_OUTBOX_H

#include "broker/core/delivery.h"

/* Zeroed memory is an empty outbox. */
struct outbox {
	struct delivery *ring; /* capacity is a power of two; NULL while empty from the start */
	uint32_t capacity, first, count;
	uint32_t unchecked; /* so many of the oldest were queued under other rights: access.h */
	size_t bytes;	    /* sum of message_size() */
};

void outbox_finish(struct outbox *o);

/* Takes over the references of `d`. */
void outbox_push(struct outbox *o, struct delivery d);

/* One of `count`, the oldest is 0. Valid until the next push or pop. */
struct delivery *outbox_at(struct outbox *o, uint32_t index);

/* The oldest, or NULL. Valid until the next push or pop. */
struct delivery *outbox_first(struct outbox *o);

/* Take the oldest out; there must be one. Its references are the caller's. */
struct delivery outbox_pop(struct outbox *o);

#endif
