/* SPDX-License-Identifier: MIT */
#include "gateway/supervise.h"

#include "common/log.h"
#include "common/notify.h"

enum {
	LOOKS = 4,    /* in the time that the watchdog waits for food */
	PATIENCE = 2, /* looks that a thread may miss */
};

void supervise_init(struct supervise *s, struct instant now)
{
	struct duration limit;

	*s = (struct supervise){ .next = INSTANT_NEVER };
	if (!notify_watchdog(&limit))
		return;
	s->every = nanoseconds(limit.ns / LOOKS);
	s->next = now;
}

struct instant supervise_due(const struct supervise *s)
{
	return s->next;
}

void supervise_turn(struct supervise *s, struct gateway *g, struct instant now)
{
	struct str stuck = { 0 };
	bool overslept, alive;

	if (s->every.ns == 0)
		return;
	/* The whole process slept, or its machine: the threads have to wake up first. */
	overslept = instant_between(s->next, now).ns > s->every.ns;
	s->next = instant_after(now, s->every);
	alive = gateway_is_alive(g, now, nanoseconds(s->every.ns * PATIENCE), &stuck);
	if (alive) {
		notify("WATCHDOG=1");
		s->was_said = false;
	} else if (!overslept && !s->was_said) {
		log_error("%s has come to a standstill; the watchdog is not fed any more",
				str_text(&stuck));
		s->was_said = true;
	}
	str_finish(&stuck);
}
