/* SPDX-License-Identifier: MIT */
#include "broker/core/timer.h"

void timers_finish(struct timers *t)
{
	deadlines_finish(&t->deadlines);
}

void timer_set(struct timers *t, struct timer *timer, struct instant at)
{
	if (at.ns != INSTANT_NEVER.ns)
		timer->at = at;
	deadline_set(&t->deadlines, &timer->deadline, at);
}

void timer_clear(struct timers *t, struct timer *timer)
{
	deadline_clear(&t->deadlines, &timer->deadline);
}

struct instant timers_next(const struct timers *t)
{
	return deadlines_next(&t->deadlines);
}

struct timer *timers_due(struct timers *t, struct instant now)
{
	struct deadline *first = deadlines_first(&t->deadlines);

	if (first == NULL || !instant_reached(deadlines_next(&t->deadlines), now))
		return NULL;
	deadline_clear(&t->deadlines, first);
	return container_of(first, struct timer, deadline);
}
