/* SPDX-License-Identifier: MIT */
/*
 * From a published message to everyone who receives it.
 *
 *     PUBLISH ─▶ topic_tree_match ─▶ per receiver ┬─ QoS 0 ─▶ output
 *                                                 └─ QoS 1, 2 ─▶ inflight ─▶ output
 *                                                                    └ window full ─▶ outbox
 *
 * A PUBLISH is serialised once per layout (version 5 or before, with or without a packet
 * identifier) and copied to each receiver's output; only the first byte and the identifier are
 * written per receiver. A receiver with subscription identifiers gets bytes of its own, and so
 * does a bridge, for which the topic may have another name.
 */
#ifndef BROKER_CORE_ROUTER_H
#define BROKER_CORE_ROUTER_H

#include "broker/core/shard.h"

/*
 * Hand `m` to every session that is subscribed to its topic, but not to `publisher` where that
 * asked for no_local; NULL when nobody in particular publishes. Keeps a retained message. `match`
 * is the answer for the topic, or NULL. Returns the number of receivers.
 */
size_t router_publish(struct shard *shard, struct session *publisher, struct message *m,
		const struct match *match, struct instant now);

/*
 * Hand one delivery to a session: now if its client is there and its window has room, else into
 * the outbox or, if that is full, not at all (counted). Takes over the references of `d`.
 */
void router_deliver(struct shard *shard, struct session *s, struct delivery d, struct instant now);

/* Would router_deliver() send it now, rather than queue or drop it? */
bool router_has_room(const struct client *c, const struct delivery *d);

/*
 * Send a delivery at once, before all that waits. Nothing was sent on this connection yet, so that
 * it is within every window. Takes over the references of `d`.
 */
void router_send_ahead(struct client *c, struct delivery d, struct instant now);

/* Is there anything that waits for room? Then router_pump() is to be called when there may be. */
static inline bool router_has_waiting(const struct session *s)
{
	return s->outbox.count > 0 || s->inflight.unsent > 0 || s->awaiting.first != NULL;
}

/*
 * The session ends and has no subscriptions any more: what it was sent as a member of a shared
 * subscription and has not acknowledged goes to another (v5 4.8.2), but not QoS 2 that was on its
 * way already [v5 MQTT-4.8.2-5]. Empties the outbox.
 */
void router_share_again(struct shard *shard, struct session *s, struct instant now);

/* Send from the outbox while the window has room; retained messages follow in their turn. */
void router_pump(struct client *c, struct instant now);

/* The client is back: send again what was in flight, in order [v5 MQTT-4.4.0-1]. */
void router_resume(struct client *c, struct instant now);

/* The exchange is over, in memory and on disk. */
static inline void router_finish(struct client *c, struct inflight_entry *entry)
{
	ledger_delivery_over(&c->shard->ledger, &entry->delivery);
	inflight_remove(&c->session->inflight, entry);
}

#endif
