/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct endpoint;
struct result;

/*
 * One thread's event loop: readiness, the receive buffer all connections share, and the list of
 * connections with something to send, which are written once a turn. That is what keeps the
 * generator cheaper than the broker it measures.
 *
 * The first thing that goes wrong is kept as a sentence; the loop's owner looks at it every turn.
 */
struct loop {
	int epoll;
	struct endpoint *endpoint; /* borrowed; where clients connect to */
	uint8_t *buffer;	   /* for the duration of one read */
	size_t capacity;
	uint64_t now; /* CLOCK_MONOTONIC of the last read, in ns */
	struct client *dirty;
	char failure[256]; /* empty while all is well */
};

bool loop_init(struct loop *l, struct endpoint *endpoint);
void loop_finish(struct loop *l);

enum { LOOP_EVENTS = 64 };

/*
 * Wait up to `wait_ns` for readiness, then read from and write to what is ready. Returns how many
 * connections were; LOOP_EVENTS means that more may be.
 */
int loop_turn(struct loop *l, uint64_t wait_ns);

/* Write what was queued since the last call. */
void loop_flush(struct loop *l);

__attribute__((format(printf, 2, 3))) void loop_fail(struct loop *l, const char *format, ...);

/* What failed, if anything did, becomes the result's failure. */
void loop_conclude(const struct loop *l, struct result *result);

static inline bool loop_failed(const struct loop *l)
{
	return l->failure[0] != '\0';
}

#endif
