/* SPDX-License-Identifier: MIT */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>

#include "tests/bench/loop.h"
#include "tests/bench/options.h"
#include "tests/bench/result.h"

/*
 * The figures about processes in a result: memory before the first connection and at the end, CPU
 * time from meter_start() on. --broker-pid says whose; without it they stay 0.
 */
struct meter {
	const struct options *o;
	struct result *result;
	uint64_t start; /* CLOCK_MONOTONIC in ns */
	uint64_t broker_cpu, own_cpu;
};

void meter_init(struct meter *m, const struct options *o, struct result *result);

/*
 * The preparations are over. With --step this says `ready` on standard output first and waits for
 * a line on standard input.
 */
void meter_start(struct meter *m);

/* The last event was at `end`. */
void meter_stop(struct meter *m, uint64_t end);

/* Let a second pass, so that what the broker puts off is done, and read its memory. */
void meter_settle(struct meter *m, struct loop *l);

/* With --step SIGTERM asks for the end. */
bool meter_is_told_to_end(const struct meter *m);

#endif
