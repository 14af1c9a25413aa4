/* SPDX-License-Identifier: MIT */
/*
 * Connections whose next step is costly (a handshake, a certificate to be verified again), and
 * who wait for their turn: each turn of the event loop gives them TURNS_BUDGET_MS together. So
 * ten thousand who come back at once do not freeze those who are there.
 *
 * First come, first served, but who has begun goes before who is new: what is begun gets done, and
 * few handshakes take memory at a time.
 */
#ifndef BROKER_IO_TURNS_H
#define BROKER_IO_TURNS_H

#include "common/clock.h"

struct connection;
struct reactor;

enum { TURNS_BUDGET_MS = 4 };

/* utlist, by turns_place. Zeroed memory is nobody. */
struct turns {
	struct connection *begun, *fresh;
};

/* A connection's place. Zeroed memory is one that does not wait. */
struct turns_place {
	struct connection *previous, *next, **queue; /* queue NULL: it does not wait */
	struct instant since;
};

/* No effect on one that waits already. connection_take_turn() is called when its turn comes. */
void turns_wait(struct connection *c, bool has_begun);

/* No effect on one that does not wait. */
void turns_leave(struct connection *c);

/* Whose turn it is; NULL: nobody waits. */
struct connection *turns_next(const struct turns *t);

/* Those whose turn comes. Any connection may be gone afterwards. */
void turns_run(struct reactor *r);

#endif
