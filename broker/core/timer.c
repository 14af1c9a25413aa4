/* SPDX-License-Identifier: MIT */
#include "broker/core/timer.h"

#include "common/mem.h"

void timers_finish(struct timers *t)
{
	free(t->heap);
	*t = (struct timers){ 0 };
}

/* Places count from 1: the children of k are 2k and 2k + 1. */
static void put(struct timers *t, size_t place, struct timer *timer)
{
	t->heap[place - 1] = timer;
	timer->place = (uint32_t)place;
}

static bool due_before(const struct timers *t, size_t a, size_t b)
{
	return instant_before(t->heap[a - 1]->at, t->heap[b - 1]->at);
}

static void swap(struct timers *t, size_t a, size_t b)
{
	struct timer *other = t->heap[a - 1];

	put(t, a, t->heap[b - 1]);
	put(t, b, other);
}

static void sift(struct timers *t, size_t place)
{
	while (place > 1 && due_before(t, place, place / 2)) {
		swap(t, place, place / 2);
		place /= 2;
	}
	for (;;) {
		size_t least = place;

		for (size_t child = 2 * place; child <= 2 * place + 1 && child <= t->count;
				child++) {
			if (due_before(t, child, least))
				least = child;
		}
		if (least == place)
			return;
		swap(t, place, least);
		place = least;
	}
}

void timer_set(struct timers *t, struct timer *timer, struct instant at)
{
	if (at.ns == INSTANT_NEVER.ns) {
		timer_clear(t, timer);
		return;
	}
	timer->at = at;
	if (timer->place == 0) {
		t->heap = grow_array(t->heap, t->count, &t->capacity, sizeof(*t->heap));
		put(t, ++t->count, timer);
	}
	sift(t, timer->place);
}

void timer_clear(struct timers *t, struct timer *timer)
{
	size_t place = timer->place;

	if (place == 0)
		return;
	timer->place = 0;
	t->count--;
	if (place <= t->count) {
		put(t, place, t->heap[t->count]);
		sift(t, place);
	}
}

struct instant timers_next(const struct timers *t)
{
	return t->count > 0 ? t->heap[0]->at : INSTANT_NEVER;
}

struct timer *timers_due(struct timers *t, struct instant now)
{
	struct timer *timer = t->count > 0 ? t->heap[0] : NULL;

	if (timer == NULL || !instant_reached(timer->at, now))
		return NULL;
	timer_clear(t, timer);
	return timer;
}
