/* SPDX-License-Identifier: MIT */
/*
 * One batch on its way: what of it is an event, what was sent, what has arrived.
 *
 *     batch ─▶ events ─▶ window ─▶ connection        acknowledgements ─▶ confirmed
 *                        window ─▶                   in the order of the events
 *
 * What was confirmed stays confirmed when the connection breaks; another connection goes on behind
 * it. One thread at a time.
 */
#ifndef PLUGINS_LUMBERJACK_DELIVERY_H
#define PLUGINS_LUMBERJACK_DELIVERY_H

#include "plugins/lumberjack/acks.h"
#include "plugins/lumberjack/window.h"
#include "plugins/relay.h"

/* The plugin's counters, in the order of its table. */
enum {
	COUNT_CONNECTIONS,
	COUNT_WINDOWS,
	COUNT_BYTES,
	COUNT_KEEP_ALIVES,
};

struct delivery {
	const struct relay_host *host;
	uint64_t window_size; /* events */
	unsigned in_flight;   /* windows, 1 to ACKS_WINDOWS */
	uint64_t timeout;     /* seconds, for what is said */
	bool tls;	      /* the same */
	uint64_t max_record;  /* bytes */
	struct span member;   /* into each event; empty: none */

	struct window window;
	const struct relay_batch *batch;
	struct event {
		size_t index; /* in the batch */
		struct span object;
	} * events;
	size_t count, capacity;
	size_t confirmed;
};

/* Of a new batch. What can be no event is marked as rejected. */
void delivery_begin(struct delivery *d, const struct relay_batch *batch);

static inline bool delivery_is_done(const struct delivery *d)
{
	return d->confirmed == d->count;
}

/*
 * Send what is not confirmed and wait for the answers. False with the reason: the connection is of
 * no more use. All may be confirmed even then.
 */
bool delivery_run(struct delivery *d, struct relay_stream *stream, char why[RELAY_REASON]);

/* The rest has to be delivered again: what is confirmed has not. */
void delivery_mark_confirmed(const struct delivery *d);

#endif
