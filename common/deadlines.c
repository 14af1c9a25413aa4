/* SPDX-License-Identifier: MIT */
#include "common/deadlines.h"

#include "common/mem.h"

void deadlines_finish(struct deadlines *d)
{
	free(d->heap);
	*d = (struct deadlines){ 0 };
}

/* Places count from 1: the children of k are 2k and 2k + 1. */
static void put(struct deadlines *d, size_t place, struct deadline_slot slot)
{
	d->heap[place - 1] = slot;
	slot.who->place = (uint32_t)place;
}

/* Where `slot` belongs, seen from the hole at `place`: parents that are later move down. */
static size_t move_up(struct deadlines *d, size_t place, struct instant at)
{
	while (place > 1 && instant_before(at, d->heap[place / 2 - 1].at)) {
		put(d, place, d->heap[place / 2 - 1]);
		place /= 2;
	}
	return place;
}

/* The same downwards: children that are earlier move up. */
static size_t move_down(struct deadlines *d, size_t place, struct instant at)
{
	for (;;) {
		size_t child = 2 * place;

		if (child < d->count && instant_before(d->heap[child].at, d->heap[child - 1].at))
			child++;
		if (child > d->count || !instant_before(d->heap[child - 1].at, at))
			return place;
		put(d, place, d->heap[child - 1]);
		place = child;
	}
}

static void settle(struct deadlines *d, size_t hole, struct deadline_slot slot)
{
	hole = move_up(d, hole, slot.at);
	put(d, move_down(d, hole, slot.at), slot);
}

void deadline_set(struct deadlines *d, struct deadline *deadline, struct instant at)
{
	if (at.ns == INSTANT_NEVER.ns) {
		deadline_clear(d, deadline);
		return;
	}
	if (deadline->place == 0) {
		d->heap = grow_array(d->heap, d->count, &d->capacity, sizeof(*d->heap));
		deadline->place = (uint32_t)++d->count;
	}
	settle(d, deadline->place, (struct deadline_slot){ at, deadline });
}

void deadline_clear(struct deadlines *d, struct deadline *deadline)
{
	size_t place = deadline->place;

	if (place == 0)
		return;
	deadline->place = 0;
	d->count--;
	if (place <= d->count)
		settle(d, place, d->heap[d->count]);
}

struct deadline *deadlines_first(const struct deadlines *d)
{
	return d->count > 0 ? d->heap[0].who : NULL;
}

struct instant deadlines_next(const struct deadlines *d)
{
	return d->count > 0 ? d->heap[0].at : INSTANT_NEVER;
}
