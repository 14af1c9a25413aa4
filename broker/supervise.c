/* SPDX-License-Identifier: MIT */
#include "broker/supervise.h"

#include "common/notify.h"

static void on_watchdog(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)watcher;
	(void)events;
	notify("WATCHDOG=1");
}

void supervise_start(struct supervise *s, struct ev_loop *loop)
{
	struct duration limit;
	double every = 0.;

	notify("READY=1");
	if (notify_watchdog(&limit))
		every = duration_seconds(limit) / 2;
	ev_timer_init(&s->watchdog, on_watchdog, every, every);
	if (every > 0.)
		ev_timer_start(loop, &s->watchdog);
}

void supervise_stop(struct supervise *s, struct ev_loop *loop)
{
	ev_timer_stop(loop, &s->watchdog);
	notify("STOPPING=1");
}
