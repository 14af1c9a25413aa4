/* SPDX-License-Identifier: MIT */
#include "plugins/redis/peer.h"

#include <errno.h>
#include <stdio.h>

bool peer_connect(struct peer *p, const struct relay_place *place, struct failure *why)
{
	char reason[RELAY_REASON] = "";

	peer_close(p);
	if (place->host == NULL)
		snprintf(p->name, sizeof(p->name), "%s", place->path);
	else
		snprintf(p->name, sizeof(p->name), strchr(place->host, ':') ? "[%s]:%u" : "%s:%u",
				place->host, place->port);
	p->stream = p->host->connect(p->host, place, reason);
	if (p->stream == NULL) {
		*why = failure_of(REFUSAL_LOST, "%s", reason);
		return false;
	}
	p->replies = replies_create();
	return true;
}

void peer_close(struct peer *p)
{
	p->host->close(p->stream);
	p->stream = NULL;
	replies_destroy(p->replies);
	p->replies = NULL;
}

/* `result` as the host's send and receive return it. */
static void lose(struct peer *p, ptrdiff_t result, struct failure *why)
{
	if (result == -ETIMEDOUT)
		*why = failure_of(REFUSAL_LOST,
				"%s does not answer; it may be busy, or timeout too short",
				p->name);
	else if (result == 0)
		*why = failure_of(REFUSAL_LOST, "%s has closed the connection", p->name);
	else
		*why = failure_of(REFUSAL_LOST, "the connection to %s is lost: %s", p->name,
				p->host->why(p->stream));
	peer_close(p);
}

bool peer_send(struct peer *p, struct span bytes, struct failure *why)
{
	int result = p->host->send(p->stream, bytes.data, bytes.len);

	/* A server that hangs up may have said why, and answered what came before: read that. */
	if (result == 0 || result == -EPIPE || result == -ECONNRESET)
		return true;
	lose(p, result, why);
	return false;
}

redisReply *peer_reply(struct peer *p, struct failure *why)
{
	char bytes[16384];
	redisReply *reply;

	for (;;) {
		enum replies_next next = replies_next(p->replies, &reply);
		ptrdiff_t got;

		if (next == REPLIES_ONE)
			return reply;
		if (next == REPLIES_BROKEN) {
			peer_odd(p, why);
			return NULL;
		}
		got = p->host->receive(p->stream, bytes, sizeof(bytes));
		if (got <= 0) {
			lose(p, got, why);
			return NULL;
		}
		replies_feed(p->replies, span_of(bytes, (size_t)got));
	}
}

void peer_odd(struct peer *p, struct failure *why)
{
	*why = failure_of(REFUSAL_LOST,
			"what answers at %s is no Redis server, or not as one; look at url",
			p->name);
	peer_close(p);
}
