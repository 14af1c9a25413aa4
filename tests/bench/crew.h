/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include <stdbool.h>

#include "tests/bench/client.h"
#include "tests/bench/loop.h"
#include "tests/bench/options.h"

/* The identity that the options ask for. */
struct identity crew_identity(const struct options *o);

/* A client that is not connected yet; `filter` is a template or NULL. */
void crew_enlist(struct client *c, struct loop *l, const struct options *o,
		const struct identity *identity, const char *role, unsigned index);

/*
 * Connect them all, so many handshakes at a time, in the order of client_at(owner, 0 .. total - 1).
 * Their `ready` counts *n_ready up. A failure ends up in the loop.
 */
void crew_gather(struct loop *l, const struct options *o, unsigned total, const unsigned *n_ready,
		struct client *(*client_at)(void *owner, unsigned index), void *owner);

#endif
