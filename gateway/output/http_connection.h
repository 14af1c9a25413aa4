/* SPDX-License-Identifier: MIT */
/*
 * One connection to an HTTP/1.1 server over TLS, with many requests on the way at once
 * (pipelining): answers come in the order of the requests. Nothing blocks; the owner waits on
 * descriptor and deadline and calls step().
 *
 *     CLOSED ─open()▶ CONNECTING (name, address after address, TLS) ─▶ OPEN ─ any trouble ▶ CLOSED
 *
 * A connection that closed has forgotten its requests, answered or not: whoever wants them sends
 * them again. It opens again only when told to.
 */
#ifndef GATEWAY_OUTPUT_HTTP_CONNECTION_H
#define GATEWAY_OUTPUT_HTTP_CONNECTION_H

#include <poll.h>

#include "common/clock.h"
#include "common/tls.h"
#include "gateway/output/http_reader.h"

enum http_state { HTTP_CLOSED, HTTP_CONNECTING, HTTP_OPEN };

/* Why it closed. */
enum http_failure {
	HTTP_NO_FAILURE, /* the owner closed it, or the server did with its last answer */
	HTTP_NO_NAME,	 /* the name cannot be resolved */
	HTTP_UNREACHABLE,
	HTTP_NO_TLS, /* there is no TLS, or the certificate is not trusted or another's */
	HTTP_SILENT, /* no answer in time */
	HTTP_LOST,   /* it was cut */
	HTTP_NOT_HTTP,
};

struct http_place {
	const char *host;
	uint16_t port;
	struct duration patience; /* with each address, the handshake, and each answer */
};

struct http_connection;

/* `place` is copied. `answered` is called from within step(). */
struct http_connection *http_connection_create(
		const struct http_place *place, http_answered answered, void *owner);
void http_connection_destroy(struct http_connection *c);

/* Connect. The context is borrowed until the connection closes. */
void http_connection_open(
		struct http_connection *c, struct tls_context *context, struct instant now);

void http_connection_close(struct http_connection *c);

/* Append a request, whole; it leaves with the next step(). Only when OPEN. */
void http_connection_send(struct http_connection *c, struct span head, struct span body);

/* Requests without an answer. */
size_t http_connection_waiting(const struct http_connection *c);

enum http_state http_connection_step(struct http_connection *c, struct instant now);
enum http_state http_connection_state(const struct http_connection *c);

/* What to poll for; fd -1 when closed. What poll() said of it; step() follows. */
struct pollfd http_connection_poll(const struct http_connection *c);
void http_connection_polled(struct http_connection *c, const struct pollfd *fd);

/* When step() is to be called at the latest. */
struct instant http_connection_deadline(const struct http_connection *c);

enum http_failure http_connection_failure(const struct http_connection *c);

/* The same in more words, for the end of a line of the log; escaped. Until the next open(). */
const char *http_connection_why(const struct http_connection *c);

#endif
