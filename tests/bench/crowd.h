/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "tests/bench/client.h"
#include "tests/bench/histogram.h"
#include "tests/bench/loop.h"
#include "tests/bench/options.h"

/*
 * Many clients that all lose their connection in the same moment, and come back one after the
 * other. Whoever fails to get in tries again after a second, as programs do.
 *
 * At most options->window try at a time: we are one process where there would be thousands of
 * machines, and a client must not miss the broker's deadline because we had no time for it.
 */
struct member {
	struct client client;
	uint64_t due; /* when it meant to be back, CLOCK_MONOTONIC in ns */
	uint64_t retry;
};

struct crowd {
	const struct options *o; /* borrowed, as the next two */
	struct loop *loop;
	struct histogram *waited; /* from `due` to being connected */
	struct member *members;
	unsigned n, n_ready;
	unsigned trying;
	uint64_t broken;   /* attempts that failed */
	unsigned next;	   /* the first that has not tried to come back */
	unsigned *waiting; /* those that will try again, in the order of `retry` */
	unsigned waiting_first, waiting_n;
	uint64_t progress;
};

/* `c` and `identity` stay where they are until crowd_finish(). */
void crowd_init(struct crowd *c, const struct options *o, struct loop *l,
		const struct identity *identity, struct histogram *waited);
void crowd_finish(struct crowd *c);

/* Connects them all. */
void crowd_gather(struct crowd *c);

/* All are gone. */
void crowd_vanish(struct crowd *c);

/* They come back evenly over `over_ns`; call crowd_turn() until n_ready is n again. */
void crowd_return(struct crowd *c, uint64_t now, uint64_t over_ns);
void crowd_turn(struct crowd *c);

#endif
