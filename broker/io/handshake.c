/* SPDX-License-Identifier: MIT */
#include "broker/io/handshake.h"

#include <errno.h>

#include "broker/io/listener.h"
#include "broker/io/proxy_stream.h"
#include "broker/io/tls_stream.h"
#include "common/log.h"

bool handshake_has_begun(const struct connection *c)
{
	const struct stream *s = c->stream;

	while (s != NULL && !s->has_begun)
		s = s->below;
	return s != NULL;
}

static void identify(struct connection *c, const struct stream *tls)
{
	struct str name = { 0 };

	if (c->listener->peer_name == TLS_NAME_NONE)
		return;
	if (!tls_stream_peer_name(tls, c->listener->peer_name, &name))
		str_clear(&name);
	client_identify(c->client, str_span(&name));
	str_finish(&name);
}

void handshake_done(struct connection *c)
{
	const struct stream *proxy = stream_find(c->stream, &proxy_stream_class);
	struct stream *tls = stream_find(c->stream, &tls_stream_class);

	if (c->listener == NULL)
		return;
	if (proxy != NULL && c->listener->proxy.use_identity)
		client_identify(c->client, span_of_text(proxy_stream_common_name(proxy)));
	if (tls == NULL)
		return;
	/* A reload has come in between: what was right when it began does not count. */
	if (tls_stream_context(tls) != c->listener->tls)
		handshake_check_again(c);
	identify(c, tls);
}

/* The lowest stream that is not open yet, or the topmost that says why it failed. */
static const struct stream *culprit(const struct connection *c)
{
	const struct stream *found = NULL;

	for (const struct stream *s = c->stream; s != NULL; s = s->below) {
		if (s->failure != NULL)
			return s;
		if (!s->is_open)
			found = s;
	}
	return found;
}

void handshake_report(struct connection *c, ssize_t error)
{
	const struct stream *s = culprit(c);
	char peer[CONNECTION_PEER];
	const char *why;

	/* Who only looks whether the port is open is nobody's business. */
	if (s == NULL || c->listener == NULL || (!handshake_has_begun(c) && s->failure == NULL))
		return;
	if (!listener_may_report(c->listener))
		return;
	why = s->failure != NULL	      ? s->failure
	      : error < 0 && error != -EAGAIN ? strerror((int)-error)
					      : "the peer closed the connection";
	log_notice("%s %s of %s failed: %s", s->class->name,
			s->is_open ? "connection" : "handshake", connection_peer(c, peer), why);
}

void handshake_check_again(struct connection *c)
{
	struct stream *tls = stream_find(c->stream, &tls_stream_class);
	char peer[CONNECTION_PEER];

	if (tls == NULL || !tls->is_open || c->listener == NULL || c->listener->tls == NULL ||
			tls_stream_still_valid(tls, c->listener->tls))
		return;
	log_notice("Client from %s is let go: its certificate or key is not accepted any more",
			connection_peer(c, peer));
	client_close(c->client, MQTT_NOT_AUTHORIZED, c->reactor->now);
}
