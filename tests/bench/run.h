/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/histogram.h"
#include "tests/bench/options.h"

/* What came of it. Counts are messages, times nanoseconds. */
struct result {
	uint64_t published, acknowledged, refused;
	uint64_t expected; /* deliveries that would be right */
	uint64_t received, lost, duplicates, disorder;
	uint64_t elapsed, broker_cpu, own_cpu; /* from the first message to the last event */
	uint64_t connections, memory_before, memory_after;
	struct histogram latency;  /* intended time to arrival */
	struct histogram lateness; /* intended time to sending: the generator's own share */
	bool is_broken;		   /* a connection failed: the counts mean little */
	char failure[256];	   /* empty when the run went to its end */
};

/*
 * Connect everybody, subscribe, publish, wait for the last delivery and acknowledgement. A run
 * that makes no progress for options->timeout ends there: what is missing then counts as lost.
 */
void run_scenario(const struct options *o, const struct sockaddr_in *address, struct result *ret);

#endif
