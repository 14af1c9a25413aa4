/* SPDX-License-Identifier: MIT */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/bench/backlog.h"
#include "tests/bench/tls.h"
#include "tests/bench/websocket.h"

/* Where the broker is and what lies between it and MQTT. */
struct endpoint {
	struct sockaddr_in address;
	const char *host;	/* the address as text */
	struct tls_context tls; /* ctx is NULL: no TLS */
	bool is_websocket;
	uint8_t *scratch; /* STREAM_SCRATCH bytes that all streams of a thread share */
};

enum { STREAM_SCRATCH = 128 * 1024, STREAM_RECEIVE_MIN = STREAM_SCRATCH + 32 * 1024 };

/* `cafile` is NULL without TLS. `host` stays the caller's. Prints what is wrong. */
bool endpoint_init(struct endpoint *e, const char *host, unsigned port, const char *cafile,
		bool is_websocket);
void endpoint_finish(struct endpoint *e);

enum stream_state { STREAM_CLOSED, STREAM_CONNECTING, STREAM_TLS, STREAM_UPGRADING, STREAM_OPEN };

/*
 * One connection's bytes: a socket, TLS upon it and WebSocket frames upon that where the endpoint
 * says so. Nothing blocks. A stream stays where it is in memory from stream_connect() to
 * stream_finish().
 */
struct stream {
	struct endpoint *endpoint; /* borrowed */
	enum stream_state state;
	int fd;		     /* -1 while closed */
	const char *failure; /* what a call that returned -EPROTO did not like */
	struct tls tls;
	struct websocket websocket;
	struct backlog out;   /* framed and encrypted, not yet taken by the socket */
	struct backlog reply; /* the broker's answer to the WebSocket request */
	char reason[256];
};

/* 0 or -errno; the connection is made in the background. */
int stream_connect(struct stream *s, struct endpoint *e);

/*
 * Go on with connecting after readiness: 1 when bytes can flow, -EAGAIN, -errno, -EPROTO. The
 * buffer has STREAM_RECEIVE_MIN bytes.
 */
int stream_advance(struct stream *s, uint8_t *buffer, size_t size);

/*
 * Bytes that came, 0 when the peer closed, -EAGAIN, -errno, -EPROTO. Holds nothing back that came.
 * `size` is at least STREAM_RECEIVE_MIN.
 */
ssize_t stream_receive(struct stream *s, uint8_t *out, size_t size);

/* Bytes taken, -EAGAIN when the socket has no room, -errno. What was taken may still wait inside.
 */
ssize_t stream_send(struct stream *s, const uint8_t *data, size_t len);

/* Send what waits inside: 0 when nothing is left, -EAGAIN, -errno. */
int stream_flush(struct stream *s);

static inline size_t stream_waiting(const struct stream *s)
{
	return backlog_len(&s->out);
}

/* Says goodbye where a layer has one, then closes. */
void stream_close(struct stream *s);

/* Closes with a reset, as a machine that lost its power is found to have gone. */
void stream_reset(struct stream *s);

#endif
