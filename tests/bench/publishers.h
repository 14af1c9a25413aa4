/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PUBLISHERS_H
#define BENCH_PUBLISHERS_H

#include "tests/bench/client.h"
#include "tests/bench/loop.h"
#include "tests/bench/options.h"
#include "tests/bench/publication.h"
#include "tests/bench/result.h"

/*
 * The sending side of a load.
 *
 * Publishers that may send stand in a ring and take turns. What lets one send: it has a message
 * due, room in flight, its socket keeps up, and (closed loop) the window has room. Whoever lacks
 * one of these leaves the ring and is put back by the event that changes it.
 */
struct publisher {
	struct client client;
	struct publication *publications; /* one per topic */
	uint32_t sent, acknowledged;
	uint64_t due; /* messages it should have sent by now */
	unsigned inflight, inflight_max;
	uint16_t last_id;
	bool in_ring;
};

struct publishers {
	const struct options *o; /* borrowed, as the next two */
	struct loop *loop;
	struct result *result;
	struct publisher *all;
	unsigned n_ready;
	struct publisher **ring;
	unsigned ring_first, ring_n;
	uint64_t start, progress; /* CLOCK_MONOTONIC in ns */
	uint64_t scheduled;	  /* open loop: messages handed out to publishers */
	bool is_over;		  /* nothing more is to be published */
};

/* `ps` and `identity` stay where they are until publishers_finish(). */
void publishers_init(struct publishers *ps, const struct options *o, struct loop *l,
		const struct identity *identity, struct result *result);
void publishers_finish(struct publishers *ps);

/* All are connected: the first message is due at `now`. */
void publishers_start(struct publishers *ps, uint64_t now);

/* Queue what may be sent now, after so many deliveries in all. */
void publishers_offer(struct publishers *ps, uint64_t received);

/* ns until there may be something to offer. */
uint64_t publishers_pause(const struct publishers *ps, uint64_t received);

/* Whether a socket has not taken everything yet. */
bool publishers_have_unsent(const struct publishers *ps);

/* Bytes of topic and payload over all topics of all publishers. */
uint64_t publishers_content(const struct publishers *ps);

#endif
