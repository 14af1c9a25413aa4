/* SPDX-License-Identifier: MIT */
/*
 * A server that commands are sent to and that answers them in order: a Redis server or a sentinel.
 * All of it may block for as long as the place's timeout: an answer that comes in drops has as long
 * for each 64 KiB of it.
 */
#ifndef PLUGINS_REDIS_PEER_H
#define PLUGINS_REDIS_PEER_H

#include "plugins/redis/refusal.h"
#include "plugins/redis/replies.h"
#include "plugins/redis/request.h"

/* Zeroed memory but for `host` is a valid one that is not connected. */
struct peer {
	const struct relay_host *host;
	struct relay_stream *stream; /* NULL: not connected */
	struct replies *replies;
	uint32_t timeout_ms;
	char name[300]; /* where it is, for sentences */
};

/* False with why. A peer that is connected already is left first. */
bool peer_connect(struct peer *p, const struct relay_place *place, struct failure *why);

/* Accepts one that is not connected. */
void peer_close(struct peer *p);

/* False with why; the peer is closed then, and what became of the commands is not known. */
bool peer_send(struct peer *p, struct span bytes, struct failure *why);

/* The next answer, for the caller to free; NULL as above. */
redisReply *peer_reply(struct peer *p, struct failure *why);

/* Leave a peer whose answer is not one to the command that was sent. */
void peer_odd(struct peer *p, struct failure *why);

#endif
