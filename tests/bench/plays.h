/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PLAYS_H
#define BENCH_PLAYS_H

#include "tests/bench/options.h"
#include "tests/bench/result.h"
#include "tests/bench/stream.h"

/*
 * What a run can be. Each plays it to its end and fills in the result; one that makes no progress
 * for options->timeout ends there, and what is missing then counts as lost.
 */

/* Connect everybody, subscribe, publish, wait for the last delivery and acknowledgement. */
void play_load(const struct options *o, struct endpoint *e, struct result *ret);

/* Subscribe to what a load with --once has left retained, and see that each comes once. */
void play_replay(const struct options *o, struct endpoint *e, struct result *ret);

/* Connect all subscribers, lose them all at once, let them come back within options->over. */
void play_reconnect(const struct options *o, struct endpoint *e, struct result *ret);

/* Connect clients with wills, lose them all at once, see that each will comes once. */
void play_wills(const struct options *o, struct endpoint *e, struct result *ret);

/* One client subscribes to options->count filters. */
void play_filters(const struct options *o, struct endpoint *e, struct result *ret);

/* Sockets that send one byte a second of a CONNECT that never ends. */
void play_drip(const struct options *o, struct endpoint *e, struct result *ret);

#endif
