/* SPDX-License-Identifier: MIT */
/*
 * When an output's last batches were confirmed: a bounded memory of pairs (last sequence, time).
 * One thread adds, any thread asks.
 */
#ifndef GATEWAY_OUTPUT_CONFIRMATIONS_H
#define GATEWAY_OUTPUT_CONFIRMATIONS_H

#include "common/clock.h"

struct confirmations;

/* Of what was confirmed up to `before` the time is not known. */
struct confirmations *confirmations_create(uint64_t before);
void confirmations_destroy(struct confirmations *c);

/* Everything up to `last` is confirmed. A replay may confirm again what was before. */
void confirmations_add(struct confirmations *c, uint64_t last, struct wall_time when);

/* When the sequence was confirmed first, as far as is remembered. */
bool confirmations_find(struct confirmations *c, uint64_t sequence, struct wall_time *ret);

#endif
