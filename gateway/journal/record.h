/* SPDX-License-Identifier: MIT */
/*
 * One received message as the journal keeps it:
 *
 *     layout u8 | flags u8 | source u8 | 0 u8 | received u64 | topic length u16 |
 *     properties length u32 | topic | properties | payload
 *
 * Numbers are big-endian. `flags` holds the QoS in bits 0-1 and the retain flag in bit 2.
 * `properties` is the place for what MQTT 5 brings along (identity of the publisher, response
 * topic); readers that do not know it skip it.
 */
#ifndef GATEWAY_JOURNAL_RECORD_H
#define GATEWAY_JOURNAL_RECORD_H

#include "common/clock.h"
#include "common/str.h"

/* Spans are borrowed: from the received message, or from the journal during a read. */
struct record {
	uint64_t sequence; /* 1 and up, without gaps; given by the journal */
	struct wall_time received;
	struct span topic;
	struct span properties;
	struct span payload;
	unsigned qos;
	bool retain;
	unsigned source; /* which of the gateway's brokers it came from, from 0 */
};

/* Messages read and not yet written. Zeroed memory is an empty one. */
struct record_batch {
	struct str bytes; /* encoded records, one behind the other */
	size_t *sizes;
	size_t count;
	size_t capacity;
};

void record_batch_add(struct record_batch *b, const struct record *record);
void record_batch_clear(struct record_batch *b);
void record_batch_finish(struct record_batch *b);

/* False when the bytes are not a record of a known layout. Leaves ret->sequence alone. */
bool record_decode(struct span bytes, struct record *ret);

#endif
