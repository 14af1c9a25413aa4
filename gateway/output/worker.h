/* SPDX-License-Identifier: MIT */
/*
 * One output at work: a thread that reads the journal at its own place, decodes, fills batches
 * for the sink, and confirms what has arrived. One batch is out while the next one gathers.
 */
#ifndef GATEWAY_OUTPUT_WORKER_H
#define GATEWAY_OUTPUT_WORKER_H

#include "gateway/answer/outbound.h"
#include "gateway/journal/journal.h"
#include "gateway/output/output_health.h"
#include "gateway/output/pending.h"
#include "gateway/rules/config.h"
#include "gateway/rules/counters.h"

struct worker;

struct worker_env {
	const struct config *config;
	size_t output; /* index */
	struct journal *journal;
	struct counters *counters;
	struct pending *pending; /* objects that a core does not have; shared by all workers */
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

/* How it stands. Lives as long as the worker. */
struct output_health *worker_health(struct worker *w);

/* How far a record has got. From any thread. */
enum worker_place {
	PLACE_WAITING,	 /* in the journal */
	PLACE_OUT,	 /* handed over, not confirmed */
	PLACE_CONFIRMED, /* the core has applied it */
};
const char *worker_place_name(enum worker_place place);

/* *ret_confirmed: when, ns == 0 when that is not known (any more). */
enum worker_place worker_place_of(
		struct worker *w, uint64_t sequence, struct wall_time *ret_confirmed);

/*
 * Deliver again what was received since `time`, as far as the journal has it, when the batch that
 * is out has arrived. Returns how many of the records that were confirmed already lie there. From
 * any thread.
 */
uint64_t worker_replay(struct worker *w, struct wall_time time);

/*
 * A number that grows while the thread lives, also when its core is away. From any thread; it is
 * woken, so that it grows soon after the call even when nothing happens.
 */
uint64_t worker_turns(struct worker *w);

#endif
