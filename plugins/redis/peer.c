/* SPDX-License-Identifier: MIT */
#include "plugins/redis/peer.h"

#include "common/clock.h"

#include <errno.h>
#include <stdio.h>

enum { WORTH_WAITING = 64 << 10 }; /* bytes of an answer that give it another timeout */

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
	p->timeout_ms = place->timeout_ms;
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

/*
 * More of an answer, of which *fed bytes have come since *since. False: the peer is lost; so is one
 * that goes on and on without coming to an end.
 */
static bool feed(struct peer *p, struct instant *since, size_t *fed, struct failure *why)
{
	struct instant end = instant_after(*since, milliseconds(p->timeout_ms));
	char bytes[16384];
	ptrdiff_t got = -ETIMEDOUT;

	if (*fed == 0 || !instant_reached(end, instant_now()))
		got = p->host->receive(p->stream, bytes, sizeof(bytes));
	if (got <= 0) {
		lose(p, got, why);
		return false;
	}
	replies_feed(p->replies, span_of(bytes, (size_t)got));
	*fed += (size_t)got;
	if (*fed >= WORTH_WAITING) {
		*since = instant_now();
		*fed = 0;
	}
	return true;
}

redisReply *peer_reply(struct peer *p, struct failure *why)
{
	struct instant since = instant_now();
	size_t fed = 0;
	redisReply *reply;

	for (;;) {
		enum replies_next next = replies_next(p->replies, &reply);

		if (next == REPLIES_ONE)
			return reply;
		if (next == REPLIES_BROKEN) {
			peer_odd(p, why);
			return NULL;
		}
		if (!feed(p, &since, &fed, why))
			return NULL;
	}
}

void peer_odd(struct peer *p, struct failure *why)
{
	*why = failure_of(REFUSAL_LOST,
			"what answers at %s is no Redis server, or does not answer as one; look at "
			"url",
			p->name);
	peer_close(p);
}
