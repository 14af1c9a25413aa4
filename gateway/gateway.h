/* SPDX-License-Identifier: MIT */
/*
 * The gateway: owns journal, intakes and workers, and wires them.
 *
 *     broker ─▶ intake ─▶ journal ─┬─▶ worker ─▶ sink ─▶ core
 *        ◀──── outbound ◀──────────┴── (what is wrong with a message)
 *
 * Threads: the main one waits for signals; one per broker; one per output; one for http_listen.
 * What they share are the journal, the outbound queues and the health of brokers and outputs, each
 * with its own lock, and counters, which are atomic.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "gateway/rules/config.h"

struct gateway;

/* NULL after a problem that was logged. `config` is borrowed for the life of the gateway. */
struct gateway *gateway_create(const struct config *config);

/* Until SIGTERM or SIGINT; returns the status to exit with. */
int gateway_run(struct gateway *g);

void gateway_destroy(struct gateway *g);

#endif
