/* SPDX-License-Identifier: MIT */
/*
 * One output at work: a thread that reads the journal at its own place, decodes, fills batches
 * for the sink, and confirms what has arrived. One batch is out while the next one gathers.
 */
#ifndef GATEWAY_OUTPUT_WORKER_H
#define GATEWAY_OUTPUT_WORKER_H

#include "gateway/answer/outbound.h"
#include "gateway/journal/journal.h"
#include "gateway/rules/config.h"
#include "gateway/rules/counters.h"

struct worker;

struct worker_env {
	const struct config *config;
	size_t output; /* index */
	struct journal *journal;
	struct counters *counters;
	/* Answers to messages of broker N go to outbounds[N]. */
	struct outbound *const *outbounds;
	size_t outbound_count;
};

/* NULL when the place of the output cannot be kept; says why. */
struct worker *worker_create(const struct worker_env *env);
void worker_destroy(struct worker *w);

bool worker_start(struct worker *w);

/* Ask it to end; it leaves a batch that is out to the core and its successor. */
void worker_stop(struct worker *w);
/* Wait until it has ended. */
void worker_join(struct worker *w);

const struct output_counters *worker_counters(const struct worker *w);

/* What is in the way of the output, NULL: nothing. From any thread. */
const char *worker_problem(const struct worker *w);

#endif
