/* SPDX-License-Identifier: MIT */
#include "broker/io/turns.h"

#include <utlist.h>

#include "broker/io/connection.h"

void turns_wait(struct connection *c, bool has_begun)
{
	struct turns *t = &c->reactor->turns;

	if (c->turn.queue != NULL)
		return;
	c->turn.queue = has_begun ? &t->begun : &t->fresh;
	c->turn.since = c->reactor->now;
	DL_APPEND2(*c->turn.queue, c, turn.previous, turn.next);
}

void turns_leave(struct connection *c)
{
	if (c->turn.queue == NULL)
		return;
	DL_DELETE2(*c->turn.queue, c, turn.previous, turn.next);
	c->turn.queue = NULL;
}

struct connection *turns_next(const struct turns *t)
{
	return t->begun != NULL ? t->begun : t->fresh;
}

void turns_run(struct reactor *r)
{
	struct instant end = instant_after(instant_now(), milliseconds(TURNS_BUDGET_MS));
	struct connection *c;

	while ((c = turns_next(&r->turns)) != NULL) {
		r->now = instant_now();
		if (instant_reached(end, r->now))
			return;
		turns_leave(c);
		connection_take_turn(c, instant_between(c->turn.since, r->now));
	}
}
