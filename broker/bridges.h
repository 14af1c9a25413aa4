/* SPDX-License-Identifier: MIT */
/*
 * The bridges that run, and what a reload makes of them.
 */
#ifndef BROKER_BRIDGES_H
#define BROKER_BRIDGES_H

#include "broker/resources.h"

struct reactor;
struct bridges;

/* None yet. The reactor is borrowed. */
struct bridges *bridges_create(struct reactor *r);

/* Stops all. Accepts NULL. */
void bridges_destroy(struct bridges *b);

/*
 * Run those of `fresh`, which was made from the configuration `after` and whose plans are taken
 * over; `before` is that of those that run, NULL at the start. What has not changed stays
 * connected, with what is in its certificate files now from the next connection on; what has
 * changed starts anew and keeps what waits for it; what is gone ends. False when no thread can be
 * started to resolve names on; that was logged.
 */
bool bridges_apply(struct bridges *b, struct resources *fresh, const struct config *before,
		const struct config *after);

#endif
