/* SPDX-License-Identifier: MIT */
/*
 * TLS over another stream.
 *
 *     receive   one recv() of ciphertext, as much as there is, into a buffer that all connections
 *               share; then records are decrypted until OpenSSL wants more. The start of a record
 *               it keeps itself, so nothing is left in the shared buffer.
 *     send      pieces of the output are gathered into records of up to 16 kB, encrypted into a
 *               shared buffer, and sent together. What the socket does not take is kept by the
 *               connection.
 *
 * An idle connection so owns OpenSSL's state and no buffer. A server spends nothing on a stranger
 * before the first record, which holds his ClientHello, has come whole.
 *
 * A client's stream wants to write from the start: its ClientHello.
 */
#ifndef BROKER_IO_TLS_STREAM_H
#define BROKER_IO_TLS_STREAM_H

#include "broker/io/stream.h"
#include "common/tls.h"

/* What the TLS streams of one thread share: buffers. It outlives them. */
struct tls_workspace;

struct tls_workspace *tls_workspace_create(void);

/* Accepts NULL. */
void tls_workspace_destroy(struct tls_workspace *space);

extern const struct stream_class tls_stream_class;

/* Takes `below` and a reference to the context. */
struct stream *tls_stream_create(
		struct stream *below, struct tls_context *context, struct tls_workspace *space);

/* The context that it was created with. */
const struct tls_context *tls_stream_context(const struct stream *s);

/* tls_peer_name() and tls_peer_still_valid() for an open stream. */
bool tls_stream_peer_name(const struct stream *s, enum tls_name kind, struct str *name);
bool tls_stream_still_valid(const struct stream *s, const struct tls_context *context);

#endif
