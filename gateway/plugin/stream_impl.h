/* SPDX-License-Identifier: MIT */
/*
 * What the files of a stream share.
 *
 *     stream.c     life: names, connecting, TLS's handshake, the end
 *     stream_io.c  an open one: sending, receiving, and what both wait for and fail with
 */
#ifndef GATEWAY_PLUGIN_STREAM_IMPL_H
#define GATEWAY_PLUGIN_STREAM_IMPL_H

#include <openssl/ssl.h>

#include "common/clock.h"
#include "common/tls_failure.h"
#include "gateway/plugin/stream.h"

struct relay_stream {
	int stop_fd, fd;
	SSL *ssl; /* NULL: without TLS */
	struct tls_context *context;
	struct tls_peer peer;
	struct duration patience;
	unsigned receives;
	struct tls_failure failure;
	bool has_certificate; /* that is shown to the server */
	char why[RELAY_REASON];
};

/* When a wait that begins now is over. */
static inline struct instant stream_patience(const struct relay_stream *s)
{
	return instant_after(instant_now(), s->patience);
}

/* Until the socket is ready for `events`: 0, -ETIMEDOUT, -ECANCELED. */
int stream_wait_until(const struct relay_stream *s, short events, struct instant end);

/*
 * A call of OpenSSL's has returned `result`: wait for what it wants. 0: call it again. `error` is
 * errno as it left it.
 */
int stream_wait_tls(struct relay_stream *s, int result, int error, struct instant end);

/* Note why; returns -error. */
int stream_fail(struct relay_stream *s, int error);

/* What TLS failed with, as a sentence with a remedy, in the words of the settings of relays. */
void stream_explain_tls(
		const struct relay_stream *s, struct tls_failure_words words, struct str *why);

#endif
