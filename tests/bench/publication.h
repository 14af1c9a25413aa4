/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PUBLICATION_H
#define BENCH_PUBLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/bench/codec.h"

/*
 * A PUBLISH packet built once and sent many times: what differs from one message to the next sits
 * at a known place and has a fixed size.
 *
 * The payload is either a stamp in the machine's byte order, filled up to the wanted size:
 *
 *     0        4         8               16
 *     | sender | number  | intended time | filler ...
 *
 * or a text made from a template in which {time} is the intended time (19 digits, CLOCK_MONOTONIC
 * in ns), {seq} the number (10 digits), {state} the number modulo 4, {fill} what brings the
 * payload to its size, and the rest is as in topics.
 */
struct publication {
	uint8_t *packet;
	size_t len, payload_at;
	size_t id_at;			  /* 0: QoS 0 */
	size_t time_at, seq_at, state_at; /* 0: not in the template */
	size_t content;			  /* bytes of topic and payload */
	bool is_text;
};

enum { STAMP_SIZE = 16 };

struct publication_plan {
	enum mqtt_version version;
	uint8_t qos;
	bool is_retained;
	const char *topic;   /* a template */
	const char *payload; /* a template, or NULL for the stamp */
	size_t payload_size;
	unsigned topics; /* per publisher */
};

void publication_init(struct publication *p, const struct publication_plan *plan,
		unsigned publisher, unsigned topic);
void publication_finish(struct publication *p);

/*
 * The template with {publisher} or {subscriber} and {topic} filled in; the caller frees it. All
 * topics of all publishers are counted by {item}; {item/10} and {item%10} make hosts and services
 * of that. Other words in braces stay as they are.
 */
char *publication_name(const char *template, unsigned client, unsigned topic, unsigned topics);

/* Fill in the digits of a text payload. */
void publication_stamp_text(const struct publication *p, uint8_t *out, uint32_t seq, uint64_t time);

/* Write one message to `out`, which has room for p->len bytes. */
static inline void publication_write(const struct publication *p, uint8_t *out, uint16_t id,
		uint32_t publisher, uint32_t seq, uint64_t time)
{
	memcpy(out, p->packet, p->len);
	if (p->id_at > 0) {
		out[p->id_at] = (uint8_t)(id >> 8);
		out[p->id_at + 1] = (uint8_t)id;
	}
	if (p->is_text) {
		publication_stamp_text(p, out, seq, time);
		return;
	}
	memcpy(out + p->payload_at, &publisher, 4);
	memcpy(out + p->payload_at + 4, &seq, 4);
	memcpy(out + p->payload_at + 8, &time, 8);
}

/* Of a payload that has STAMP_SIZE bytes at least. */
static inline void publication_read_stamp(const uint8_t *payload, uint32_t *ret_publisher,
		uint32_t *ret_seq, uint64_t *ret_time)
{
	memcpy(ret_publisher, payload, 4);
	memcpy(ret_seq, payload + 4, 4);
	memcpy(ret_time, payload + 8, 8);
}

#endif
