/* SPDX-License-Identifier: MIT */
/*
 * A connection for a plugin: TCP, TLS over it, or a Unix socket. Its functions wait, but never
 * longer than the stream's timeout, and they give up at once when the descriptor `stop_fd` becomes
 * readable. What they promise stands in plugins/relay.h.
 *
 * A stream belongs to one thread.
 */
#ifndef GATEWAY_PLUGIN_STREAM_H
#define GATEWAY_PLUGIN_STREAM_H

#include "common/str.h"
#include "common/tls.h"
#include "plugins/relay.h"

/* How to reach the other side. */
struct stream_env {
	int stop_fd;
	/* For TLS; `host` is filled in for each stream. NULL: the output has no settings of TLS. */
	const struct tls_settings *tls;
};

/* As common/tls.h takes them; the texts are borrowed. Without authorities those of the system. */
struct tls_settings stream_tls_settings(const struct relay_tls *tls);

/* NULL with why; at most RELAY_REASON bytes of it are kept. */
struct relay_stream *stream_connect(const struct stream_env *env, const struct relay_place *place,
		char why[RELAY_REASON]);

int stream_send(struct relay_stream *s, const void *data, size_t len);
ptrdiff_t stream_receive(struct relay_stream *s, void *data, size_t size);
int stream_drain(struct relay_stream *s);
bool stream_is_open(struct relay_stream *s);
const char *stream_why(const struct relay_stream *s);
void stream_close(struct relay_stream *s);

/* Wait for `fd` (-1: for nothing) at most so long: 1, 0 when the time is over, -ECANCELED. */
int stream_wait(int stop_fd, int fd, short events, int64_t milliseconds);

/* Put a reason into an array of RELAY_REASON bytes, cut at a character, without line ends. */
void stream_reason(char into[RELAY_REASON], struct span text);

#endif
