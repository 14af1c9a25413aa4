/* SPDX-License-Identifier: MIT */
/*
 * The gateway: owns journal, intakes and workers, and wires them.
 *
 *     broker ─▶ intake ─▶ journal ─┬─▶ worker ─▶ sink ─▶ core
 *        ◀──── outbound ◀──────────┴── (what is wrong with a message)
 *
 * It is made from one configuration and does not change: a reload makes another one, see
 * gateway/service.h.
 *
 * Threads: one per broker; one per output; one for what is due by time, one for questions, one for
 * http_listen. What they share are the journal, the outbound queues and the health of brokers and
 * outputs, each with its own lock, and counters, which are atomic.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "common/clock.h"
#include "gateway/rules/config.h"

struct gateway;

/* NULL after a problem that was logged. `config` is borrowed for the life of the gateway. */
struct gateway *gateway_create(const struct config *config);

/* False after a problem that was logged; some threads may run then. */
bool gateway_start(struct gateway *g);

/*
 * End all threads, in order: what was taken is acknowledged, what is out is left to the successor.
 * `state` is the last thing that the status says: "offline", "reloading".
 */
void gateway_stop(struct gateway *g, const char *state);

/* To each of its brokers? */
bool gateway_is_connected(const struct gateway *g);

/*
 * Have all threads turned within `patience`? Wakes those that wait, so that they turn before the
 * next call. Appends to *stuck which one has not.
 */
bool gateway_is_alive(
		struct gateway *g, struct instant now, struct duration patience, struct str *stuck);

/* Stops it, if need be. Accepts NULL. */
void gateway_destroy(struct gateway *g);

#endif
