/* SPDX-License-Identifier: MIT */
/*
 * What systemd is told while the broker runs: that it is ready, that it lives (WatchdogSec=), that
 * it reloads, that it ends. The watchdog is fed from the event loop, so that a loop that is stuck
 * is noticed.
 */
#ifndef BROKER_SUPERVISE_H
#define BROKER_SUPERVISE_H

#include <ev.h>

#include "common/clock.h"

struct supervise {
	ev_timer watchdog;
};

/* Say that it is ready, and begin to feed the watchdog where there is one. */
void supervise_start(struct supervise *s, struct ev_loop *loop);

/* Say that it ends. */
void supervise_stop(struct supervise *s, struct ev_loop *loop);

#endif
