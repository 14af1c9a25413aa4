/* SPDX-License-Identifier: MIT */
#include "gateway/output/replay.h"

static void forget_old(struct replay *r, struct instant now)
{
	size_t old = 0;

	while (old < r->count && instant_between(r->steps[old].ended, now).ns > r->window.ns)
		old++;
	r->count -= old;
	memmove(r->steps, r->steps + old, r->count * sizeof(r->steps[0]));
}

void replay_delivered(struct replay *r, const struct batch *batch, struct instant now)
{
	struct replay_step *last = r->count > 0 ? &r->steps[r->count - 1] : NULL;

	if (r->window.ns == 0 || batch == NULL || batch->results == 0)
		return;
	if (last != NULL && (instant_between(last->began, now).ns < r->window.ns / REPLAY_STEPS ||
					    r->count == array_size(r->steps))) {
		last->ended = now;
		return;
	}
	forget_old(r, now);
	r->steps[r->count++] = (struct replay_step){
		.began = now,
		.ended = now,
		.received = batch->items[0].received,
	};
}

void replay_core_gone(struct replay *r, struct instant now)
{
	forget_old(r, now);
	if (r->count == 0)
		return;
	/* Of two losses in a row the first one reaches back further. */
	if (!r->is_due)
		r->from = r->steps[0].received;
	r->is_due = true;
}

bool replay_take(struct replay *r, struct wall_time *ret_from)
{
	if (!r->is_due)
		return false;
	r->is_due = false;
	r->count = 0;
	*ret_from = r->from;
	return true;
}
