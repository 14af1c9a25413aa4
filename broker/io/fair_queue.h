/* SPDX-License-Identifier: MIT */
/*
 * What waits for something scarce, served address by address:
 *
 *     10.0.0.7   ■ ■ ■ ■ ■ ■ ■      the addresses take turns; within one, first come first
 *     10.0.0.8   ■                  served. So 10.0.0.8 waits for one of 10.0.0.7's, not for all.
 *     10.0.0.9   ■ ■
 *
 * Items are embedded in their owners.
 */
#ifndef BROKER_IO_FAIR_QUEUE_H
#define BROKER_IO_FAIR_QUEUE_H

#include "broker/io/address_limit.h"

struct fair_lane;

struct fair_item {
	struct fair_item *previous, *next;
	struct fair_lane *lane; /* NULL: not in a queue */
};

struct fair_queue {
	struct fair_lane *table; /* uthash by address */
	struct fair_lane *turn;	 /* circular list; its head is served next */
	uint64_t seed;
	size_t count; /* of items in all lanes */
};

/* `seed` keys the table. An empty queue needs no finish. */
void fair_queue_init(struct fair_queue *q, uint64_t seed);

/* Items of one address that wait. */
size_t fair_queue_count(const struct fair_queue *q, struct address_block address);

void fair_queue_push(struct fair_queue *q, struct address_block address, struct fair_item *item);

/* The item whose turn it is, or NULL. */
struct fair_item *fair_queue_pop(struct fair_queue *q);

/* Take out an item that waits. */
void fair_queue_remove(struct fair_queue *q, struct fair_item *item);

#endif
