/* SPDX-License-Identifier: MIT */
/*
 * One message on its way to many clients, as bytes.
 *
 * A PUBLISH is serialised once per layout (version 5 or before, with or without a packet
 * identifier, with the topic or an alias in its place, with or without who published) and copied to
 * each receiver's output; only the first byte, the identifier and the alias are written per
 * receiver. A receiver with subscription identifiers or a mount point, or one that is told a new
 * alias, gets bytes of its own, and so does a bridge, for which the topic may have another name.
 */
#ifndef BROKER_CORE_FANOUT_H
#define BROKER_CORE_FANOUT_H

#include "broker/core/shard.h"

enum { FANOUT_LAYOUTS = FANOUT_SCRATCHES - 1 };

/* A serialised PUBLISH, but for what differs from receiver to receiver. */
struct wire {
	struct span bytes; /* in a scratch of the shard; the header alone when `by_reference` */
	size_t id_at;	   /* where the packet identifier goes */
	size_t alias_at;   /* where the topic alias goes; 0: there is none */
	size_t size;	   /* of the whole packet */
	bool by_reference; /* the payload follows from the message */
};

struct fanout {
	struct shard *shard;
	struct message *message;
	struct instant now;
	unsigned ready; /* set of layouts that the shard's `wires` hold */
	uint32_t hash;	/* of the topic, once anybody asked for it; 0 before */
	uint16_t alias; /* for the receiver of the last fanout_wire() */
	bool is_new_alias;
};

/* A hash of the message's topic, the same as long as the shard lives. */
uint32_t fanout_hash(struct fanout *f);

/* The packet for one receiver: what others share, or its own, in *own. Valid until the next. */
const struct wire *fanout_wire(struct fanout *f, const struct client *c, const struct delivery *d,
		struct wire *own);

/*
 * Put the packet of the last fanout_wire() into the client's output. An alias that it tells counts
 * as known from here on: what is not sent tells nothing.
 */
void fanout_send(struct fanout *f, struct client *c, const struct wire *wire,
		const struct delivery *d, uint16_t packet_id, bool dup);

#endif
