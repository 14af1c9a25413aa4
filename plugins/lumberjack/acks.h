/* SPDX-License-Identifier: MIT */
/*
 * What the server answers, and which windows it is about.
 *
 *     '2' 'A'  sequence
 *
 * An acknowledgement names the last event that has arrived of the oldest window that is on its way;
 * the window's last one ends the window. Before that there may be some for a part of it. While the
 * server is busy it sends the sequence 0 every few seconds: it is alive, and nothing has arrived.
 *
 * What is not such a frame, or names an event that was not sent, or fewer than the one before,
 * makes all that comes behind it worthless: the connection has to be closed.
 *
 * Pure. Zeroed memory is a valid one with nothing on its way.
 */
#ifndef PLUGINS_LUMBERJACK_ACKS_H
#define PLUGINS_LUMBERJACK_ACKS_H

#include "common/span.h"

enum { ACKS_WINDOWS = 8, ACK_FRAME = 6 };

struct acks {
	uint32_t sizes[ACKS_WINDOWS]; /* events of each window on its way, the oldest first */
	unsigned windows;
	uint32_t done; /* events of the oldest */

	uint8_t frame[ACK_FRAME]; /* as far as it has come */
	size_t have;
	uint32_t sequence; /* of the last whole frame */
};

enum ack {
	ACK_NONE,     /* the rest is still to come */
	ACK_ALIVE,    /* and no more than that */
	ACK_PROGRESS, /* *ret_events more have arrived */
	ACK_STRANGE,  /* no acknowledgement at all: frame[0] and, if have > 1, frame[1] */
	ACK_WRONG,    /* one of an event that is not to be acknowledged: sequence */
};

/* A window of so many events, at least one, was sent. There are fewer than ACKS_WINDOWS. */
void acks_expect(struct acks *a, uint32_t events);

/* Take one answer off the front of *in. */
enum ack acks_take(struct acks *a, struct span *in, uint32_t *ret_events);

#endif
