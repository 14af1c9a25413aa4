/* SPDX-License-Identifier: MIT */
/*
 * The way of a connection's bytes, as a stack of streams. Each owns the one below it; the lowest
 * is the socket, which is part of its connection:
 *
 *     connection ⇄ [WebSocket] ⇄ [TLS] ⇄ [PROXY] ⇄ socket
 *
 * Nothing blocks. A stream keeps back no payload that came: what one recv() of the socket brought
 * leaves at once, so that a connection is called when, and only when, its socket is ready. What a
 * stream could not get rid of on the way out (half a TLS record) it keeps, says so with
 * wants_write, and sends it before anything else.
 *
 * A stream that has to shake hands first is not open: receive() does that, with no payload for
 * the caller (-EAGAIN), until is_open is set; the bytes behind the handshake are payload of the
 * same call. Nobody calls send() with payload before. Who uses the stack looks at the topmost
 * stream alone: it is not open before those below it are.
 */
#ifndef BROKER_IO_STREAM_H
#define BROKER_IO_STREAM_H

#include <sys/types.h>

#include "common/span.h"

enum {
	/*
	 * Room that the topmost receive() always has: two TLS records. Below TLS it is less by the
	 * one that OpenSSL may hold.
	 */
	STREAM_MIN_RECEIVE = 40 * 1024,
	STREAM_MAX_SPANS = 16,
};

struct stream;

struct stream_class {
	const char *name; /* "TLS", for logs */

	/*
	 * Payload into `buffer`, of STREAM_MIN_RECEIVE bytes or more: at most one recv() of the
	 * socket. Returns the bytes, 0 when the peer has closed, -EAGAIN when there is nothing for
	 * now, or -errno; then the stream is finished, and `failure` may say why.
	 */
	ssize_t (*receive)(struct stream *s, uint8_t *buffer, size_t size);

	/*
	 * Send what the stream has left over and then from the front of the spans, at most
	 * STREAM_MAX_SPANS. Returns how many of their bytes were taken; fewer than offered: go on
	 * when the socket is writable. -EAGAIN when none were, or -errno. Without spans it only
	 * gets rid of what is left over, and returns 0.
	 */
	ssize_t (*send)(struct stream *s, const struct span *spans, size_t count);

	/* Is something left over? NULL: this stream and those below it never have anything. */
	bool (*wants_write)(const struct stream *s);

	/*
	 * All is sent: say good-bye in the stream's own way, then have the one below do so. Called
	 * once, perhaps before the handshake is done. The other direction stays open.
	 */
	void (*shutdown)(struct stream *s);

	/* Frees the stream and destroys the one below it, in whatever state they are. */
	void (*destroy)(struct stream *s);
};

struct stream {
	const struct stream_class *class;
	struct stream *below; /* owned; NULL: it is the socket */
	const char *failure;  /* why it failed, for the log; valid as long as this. NULL: errno */
	bool has_begun;	      /* the peer has sent something of the handshake */
	bool is_open;	      /* no handshake is going on */
	bool is_ended;	      /* receive() gives nothing beyond what it has just given */
};

/* The lowest stream. Memory is the caller's; stream_destroy() closes the socket. */
struct socket_stream {
	struct stream base;
	int fd; /* owned, non-blocking */
};

void socket_stream_init(struct socket_stream *s, int fd);

/* The stream of that class in a stack, or NULL. */
struct stream *stream_find(struct stream *top, const struct stream_class *class);

static inline ssize_t stream_receive(struct stream *s, uint8_t *buffer, size_t size)
{
	return s->class->receive(s, buffer, size);
}

static inline ssize_t stream_send(struct stream *s, const struct span *spans, size_t count)
{
	return s->class->send(s, spans, count);
}

/* Nothing more can come: some stream of the stack has ended. */
static inline bool stream_has_ended(const struct stream *top)
{
	while (top != NULL && !top->is_ended)
		top = top->below;
	return top != NULL;
}

static inline bool stream_wants_write(const struct stream *s)
{
	return s->class->wants_write != NULL && s->class->wants_write(s);
}

static inline void stream_shutdown(struct stream *s)
{
	s->class->shutdown(s);
}

/* Accepts NULL. */
static inline void stream_destroy(struct stream *s)
{
	if (s != NULL)
		s->class->destroy(s);
}

#endif
