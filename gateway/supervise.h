/* SPDX-License-Identifier: MIT */
/*
 * systemd's watchdog (WatchdogSec=): fed while every thread of the gateway turns, so that one that
 * is stuck is noticed. Whoever waits for a core or a broker that is away turns.
 */
#ifndef GATEWAY_SUPERVISE_H
#define GATEWAY_SUPERVISE_H

#include "gateway/gateway.h"

struct supervise {
	struct duration every; /* how often to look; 0: nobody waits for food */
	struct instant next;
	bool was_said; /* that it is not fed any more */
};

void supervise_init(struct supervise *s, struct instant now);

/* When supervise_turn() is due; INSTANT_NEVER without a watchdog. */
struct instant supervise_due(const struct supervise *s);

/* Look at the threads, and feed the watchdog when all are well. */
void supervise_turn(struct supervise *s, struct gateway *g, struct instant now);

#endif
