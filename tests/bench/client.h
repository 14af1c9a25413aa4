/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/bench/backlog.h"
#include "tests/bench/codec.h"
#include "tests/bench/stream.h"

struct client;
struct loop;

/*
 * What a client tells its owner. Payloads are borrowed for the call. All but `ready` may be NULL.
 *
 *     ready        the connection is accepted and, where there is a filter, subscribed; of one that
 *                  leaves, that the broker has closed it then
 *     delivered    a PUBLISH arrived; the client has queued its acknowledgement already
 *     accepted     PUBACK or PUBCOMP arrived; `refused` tells that its reason was an error
 *     granted      SUBACK for a subscription that the owner asked for itself
 *     drained      the socket took everything
 *     broken       the connection has failed and is closed; without it that ends the run
 */
struct client_events {
	void (*ready)(struct client *c);
	void (*delivered)(struct client *c, const struct delivery *d);
	void (*accepted)(struct client *c, bool refused);
	void (*granted)(struct client *c, bool refused);
	void (*drained)(struct client *c);
	void (*broken)(struct client *c);
};

/* How clients present themselves: templates (see publication.h), NULL for nothing. */
struct identity {
	const char *username, *password;
	const char *will_topic; /* the will's payload is the client's number */
	uint8_t will_qos;
};

enum client_state {
	CLIENT_CLOSED,
	CLIENT_CONNECTING,
	CLIENT_GREETING,
	CLIENT_SUBSCRIBING,
	CLIENT_READY,
	CLIENT_LEAVING
};

/*
 * One MQTT connection with at most one subscription of its own. It answers what the protocol wants
 * answered; what to publish and when is its owner's business.
 */
struct client {
	struct loop *loop; /* borrowed, as the next four */
	const struct client_events *events;
	const struct identity *identity;
	void *owner;
	const char *role; /* for messages: "publisher" */
	unsigned index;
	enum mqtt_version version;
	enum client_state state;
	uint8_t filter_qos;
	bool is_durable; /* its session outlives the connection */
	bool leaves;	 /* as soon as it is subscribed */
	bool is_dirty, waits_for_room;
	uint16_t receive_maximum; /* what the broker allows to be in flight */
	char *filter;		  /* NULL: no subscription */
	struct stream stream;
	struct backlog out, rest; /* to be sent; the cut packet at the end of the last read */
	struct client *next_dirty;
};

/*
 * The caller has set the fields up to `version`, what kind of client it is, and the filter, which
 * the client will free.
 */
void client_connect(struct client *c);

/* Gone without a word, as after a power cut. client_connect() may follow. */
void client_vanish(struct client *c);

/* Says DISCONNECT where that makes sense, and frees what the client owns. */
void client_finish(struct client *c);

/* Reads no more, whatever arrives. */
void client_deafen(struct client *c);

void client_readable(struct client *c);
void client_writable(struct client *c);
void client_flush(struct client *c);

/* The client has something to send: it will be flushed at the end of the turn. */
void client_mark_dirty(struct client *c);

static inline size_t client_unsent(const struct client *c)
{
	return backlog_len(&c->out) + stream_waiting(&c->stream);
}

/* Room for `n` bytes to be filled in at once. They count as queued. */
static inline uint8_t *client_reserve(struct client *c, size_t n)
{
	if (!c->is_dirty)
		client_mark_dirty(c);
	return backlog_reserve(&c->out, n);
}

#endif
