/* SPDX-License-Identifier: MIT */
/*
 * Bytes on their way to one client, as a chain of chunks:
 *
 *     head                                   tail
 *     [ packets packets pack ] → [ payload ] → [ ets packets ....... ]
 *       copied, 4 or 64 kB         borrowed       copied, room left
 *
 * Packets are encoded straight into the last chunk, so that one send() carries as many as a turn
 * of the event loop produced. A payload above OUTPUT_COPY_LIMIT is not copied: its chunk holds a
 * reference to the message. Chunks come from a pool that all clients of a shard share and go
 * back when they are empty, so a client with nothing to send owns none.
 *
 * Pure memory: whoever owns the socket takes the bytes with output_spans() and reports with
 * output_consume() what was sent.
 */
#ifndef BROKER_CORE_OUTPUT_H
#define BROKER_CORE_OUTPUT_H

#include "broker/core/message.h"

enum { OUTPUT_COPY_LIMIT = 2048 };

struct chunk;

/* Empty chunks of the two usual sizes, kept for the next client. Zeroed memory is an empty pool. */
struct chunk_pool {
	struct chunk *free[2];
	size_t count[2];
	size_t used; /* bytes of the chunks that are in outputs, of any size */
};

void chunk_pool_finish(struct chunk_pool *pool);

/* Zeroed memory is an empty output. */
struct output {
	struct chunk *head, *tail;
	size_t bytes;	/* not yet sent */
	size_t packets; /* reserved since it was last empty */
};

void output_finish(struct output *out, struct chunk_pool *pool);

/*
 * Room for a packet of `len` bytes in one piece, counted as written. The caller fills it at once:
 * it is valid until the next call for this output.
 */
uint8_t *output_reserve(struct output *out, struct chunk_pool *pool, size_t len);

/* Append a message's payload by reference: takes one of its own, until the payload is sent. */
void output_append_payload(struct output *out, struct message *m);

/* Append all of `from`, which is empty then. */
void output_move(struct output *from, struct output *to);

/* The first bytes to send, at most `max` pieces; returns their number. */
size_t output_spans(const struct output *out, struct span *spans, size_t max);

/* The first `len` bytes were sent. */
void output_consume(struct output *out, struct chunk_pool *pool, size_t len);

#endif
