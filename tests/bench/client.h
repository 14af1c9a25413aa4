/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/bench/codec.h"
#include "tests/bench/memory.h"

struct client;
struct loop;

/* Bytes that wait: data[start..end). */
struct backlog {
	uint8_t *data;
	size_t start, end, capacity;
};

/*
 * What a client tells its owner. Payloads are borrowed for the call.
 *
 *     ready        the connection is accepted and, where there is a filter, subscribed
 *     delivered    a PUBLISH arrived; the client has queued its acknowledgement already
 *     accepted     PUBACK or PUBCOMP arrived; `refused` tells that its reason was an error
 *     drained      the socket took everything
 */
struct client_events {
	void (*ready)(struct client *c);
	void (*delivered)(struct client *c, const struct delivery *d);
	void (*accepted)(struct client *c, bool refused);
	void (*drained)(struct client *c);
};

enum client_state { CLIENT_CONNECTING, CLIENT_GREETING, CLIENT_SUBSCRIBING, CLIENT_READY };

/*
 * One MQTT connection with at most one subscription. It answers what the protocol wants answered;
 * what to publish and when is its owner's business.
 */
struct client {
	struct loop *loop; /* borrowed */
	const struct client_events *events;
	void *owner;
	const char *role; /* for messages: "publisher" */
	unsigned index;
	enum mqtt_version version;
	enum client_state state;
	uint8_t filter_qos;
	bool is_dirty, waits_for_room;
	int fd;
	uint16_t receive_maximum; /* what the broker allows to be in flight */
	char *filter;		  /* NULL: no subscription */
	struct backlog out, rest; /* to be sent; the cut packet at the end of the last read */
	struct client *next_dirty;
};

/* The caller has set the fields up to `version` and the filter, which the client will free. */
void client_connect(struct client *c, const struct sockaddr_in *address);

/* Says DISCONNECT where that makes sense, and frees what the client owns. */
void client_finish(struct client *c);

void client_readable(struct client *c);
void client_writable(struct client *c);
void client_flush(struct client *c);

/* The client has something to send: it will be flushed at the end of the turn. */
void client_mark_dirty(struct client *c);

void backlog_grow(struct backlog *b, size_t room);

static inline size_t client_unsent(const struct client *c)
{
	return c->out.end - c->out.start;
}

/* Room for `n` bytes to be filled in at once. They count as queued. */
static inline uint8_t *client_reserve(struct client *c, size_t n)
{
	uint8_t *p;

	if (c->out.capacity - c->out.end < n)
		backlog_grow(&c->out, n);
	p = c->out.data + c->out.end;
	c->out.end += n;
	if (!c->is_dirty)
		client_mark_dirty(c);
	return p;
}

#endif
