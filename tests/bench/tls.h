/* SPDX-License-Identifier: MIT */
#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/bench/backlog.h"

/*
 * TLS as a filter between two buffers: what came from the socket goes in, what is for the socket
 * gathers in a backlog. So a turn costs one recv() and one send() however many records it moves.
 */

/* What all sessions of a run share. */
struct tls_context {
	SSL_CTX *ctx;
	BIO_METHOD *method;
};

/* Trusts the CAs in the file, and only a certificate for this address. Prints what is wrong. */
bool tls_context_init(struct tls_context *c, const char *cafile, const char *address);
void tls_context_finish(struct tls_context *c);

struct tls {
	SSL *ssl;	   /* NULL: no session */
	const uint8_t *in; /* borrowed, not yet read */
	size_t in_len;
	struct backlog *out; /* borrowed */
};

/* `t` and `out` stay where they are until tls_finish(). */
void tls_init(struct tls *t, const struct tls_context *c, struct backlog *out);
void tls_finish(struct tls *t);

/*
 * Bytes from the socket, borrowed: call tls_handshake() or tls_read() until they ask for more
 * before anything else gets into that buffer.
 */
void tls_feed(struct tls *t, const uint8_t *data, size_t len);

enum { TLS_FAILED = -1, TLS_CLOSED = -2 };

/* 1 when done, 0 when the peer has to say more, TLS_FAILED. */
int tls_handshake(struct tls *t);

/* All that can be decrypted: bytes, 0 when there are none, TLS_FAILED, TLS_CLOSED. */
ssize_t tls_read(struct tls *t, uint8_t *out, size_t size);

/* Encrypts all of it into the backlog. */
bool tls_write(struct tls *t, const uint8_t *data, size_t len);

/* The goodbye, into the backlog. */
void tls_close(struct tls *t);

/* Why the last call failed. */
const char *tls_reason(char *text, size_t size);

#endif
