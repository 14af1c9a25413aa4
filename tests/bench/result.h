/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/histogram.h"

/* What came of a run. Counts are messages, times nanoseconds, memory is the broker's in bytes. */
struct result {
	uint64_t published, acknowledged, refused;
	uint64_t expected; /* deliveries that would be right */
	uint64_t received, lost, duplicates, disorder;
	uint64_t elapsed, broker_cpu, own_cpu; /* from the first message to the last event */
	uint64_t connections, broken; /* that were made; that failed and were tried again */
	uint64_t subscriptions;
	uint64_t memory_before, memory_after;
	uint64_t content;	   /* bytes of topic and payload of what the broker now keeps */
	struct histogram latency;  /* intended time to arrival, or to being connected */
	struct histogram answers;  /* open loop: intended time to acknowledgement */
	struct histogram lateness; /* intended time to sending: the generator's own share */
	bool is_broken;		   /* a connection failed: the counts mean little */
	char failure[256];	   /* empty when the run went to its end */
};

#endif
