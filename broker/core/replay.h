/* SPDX-License-Identifier: MIT */
/*
 * Retained messages on their way to new subscribers.
 *
 *     SUBSCRIBE ─▶ session->awaiting ─▶ cursor over the retained messages ─▶ router_deliver
 *                  subscriptions         of the first one                     while there is room
 *
 * Thousands of filters over many topics are work for seconds, and their messages more than a
 * client's output holds. So a subscription that is owed retained messages waits in its session's
 * list; the clients with such a list take turns, a slice each, and a client whose output or
 * in-flight window is full is left out until it has room. Nothing retained is dropped for a slow
 * reader, and nothing is kept for it but the list, whose memory the subscriptions themselves have.
 * A list outlives the connection with its session.
 *
 * What a subscriber sees:
 *   - The SUBACK goes first, and so do messages that wait in the session's queue.
 *   - A topic's message is the one that is retained when the walk comes by. Who has seen a newer
 *     message never gets an older one after it, but may get that newer one a second time, with the
 *     retain flag, when it came while the walk was on its way.
 *   - To subscribe again begins anew. To unsubscribe, or the end of the session, ends it.
 */
#ifndef BROKER_CORE_REPLAY_H
#define BROKER_CORE_REPLAY_H

#include "broker/core/shard.h"

/* Go on with what the client's session is owed, if anything: a first slice now, then in turn. */
void replay_start(struct client *c, struct instant now);

/* There is room again, or the client is new: it takes part in the turns if it is owed anything. */
void replay_wake(struct client *c);

/* The client leaves its session. */
void replay_pause(struct client *c);

/* One turn's share of all clients that take part. */
void replay_run(struct shard *shard, struct instant now);

#endif
