/* SPDX-License-Identifier: MIT */
#include "broker/io/fair_queue.h"

#include <utlist.h>

#include "common/hash.h"

/* The items of one address; it exists as long as there are any. */
struct fair_lane {
	UT_hash_handle hh;
	struct address_block address;
	struct fair_lane *prev, *next; /* of the round */
	struct fair_item *items;
	size_t count;
};

void fair_queue_init(struct fair_queue *q, uint64_t seed)
{
	*q = (struct fair_queue){ .seed = seed };
}

static uint32_t hash_of(const struct fair_queue *q, const struct address_block *address)
{
	return hash_span(q->seed, span_of(address, sizeof(*address)));
}

static struct fair_lane *find(const struct fair_queue *q, struct address_block address)
{
	struct fair_lane *lane = NULL;

	HASH_FIND_BYHASHVALUE(hh, q->table, &address, sizeof(address), hash_of(q, &address), lane);
	return lane;
}

/* A new lane is served when those that are there have had their turn. */
static struct fair_lane *find_or_add(struct fair_queue *q, struct address_block address)
{
	struct fair_lane *lane = find(q, address);

	if (lane != NULL)
		return lane;
	lane = xcalloc(1, sizeof(*lane));
	lane->address = address;
	HASH_ADD_BYHASHVALUE(hh, q->table, address, sizeof(address), hash_of(q, &address), lane);
	CDL_APPEND(q->turn, lane);
	return lane;
}

size_t fair_queue_count(const struct fair_queue *q, struct address_block address)
{
	const struct fair_lane *lane = find(q, address);

	return lane != NULL ? lane->count : 0;
}

void fair_queue_push(struct fair_queue *q, struct address_block address, struct fair_item *item)
{
	struct fair_lane *lane = find_or_add(q, address);

	DL_APPEND2(lane->items, item, previous, next);
	item->lane = lane;
	lane->count++;
	q->count++;
}

void fair_queue_remove(struct fair_queue *q, struct fair_item *item)
{
	struct fair_lane *lane = item->lane;

	DL_DELETE2(lane->items, item, previous, next);
	item->lane = NULL;
	q->count--;
	if (--lane->count > 0)
		return;
	CDL_DELETE(q->turn, lane);
	HASH_DEL(q->table, lane);
	free(lane);
}

struct fair_item *fair_queue_pop(struct fair_queue *q)
{
	struct fair_lane *lane = q->turn;
	struct fair_item *item;

	if (lane == NULL)
		return NULL;
	q->turn = lane->next;
	item = lane->items;
	fair_queue_remove(q, item);
	return item;
}
