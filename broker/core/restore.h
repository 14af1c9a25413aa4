/* SPDX-License-Identifier: MIT */
/*
 * Building a shard from what was on disk: once, before its first client.
 *
 *     restore_message() each, in the order of their numbers
 *     restore_session() each, then what belongs to it: will, received, subscriptions
 *     restore_delivery() each, in the order of their numbers
 *     restore_end()
 *     restore_release() each message
 *
 * A function that returns NULL or false has found what cannot be (the same client identifier twice,
 * a packet identifier that is in use) and has done nothing: the record is lost.
 */
#ifndef BROKER_CORE_RESTORE_H
#define BROKER_CORE_RESTORE_H

#include "broker/core/shard.h"
#include "common/store_format.h"

/* The last three begin with 0: the highest number met of each kind. */
struct restore {
	struct shard *shard;
	struct instant now;
	struct duration to_wall; /* batch.h */
	uint64_t last_message, last_delivery, last_session;
};

/*
 * The message, with a reference for the caller who keeps it until restore_end(); it is retained if
 * the record says so. `policy` is that of the publisher's listener.
 */
struct message *restore_message(struct restore *r, uint64_t number, const struct stored_message *m,
		struct policy *policy);

/* `policy` is that of the session's listener. */
struct session *restore_session(struct restore *r, uint64_t number, const struct stored_session *s,
		struct policy *policy);

/* Of a client that was connected it is published when the client does not come back soon. */
bool restore_will(struct restore *r, struct session *s, const struct stored_will *w);

bool restore_received(struct session *s, uint16_t packet_id);

bool restore_subscription(struct restore *r, struct session *s, uint32_t number,
		const struct stored_subscription *sub);

/* `m` is its message, borrowed; NULL when the receiver has taken it over. */
bool restore_delivery(struct restore *r, struct session *s, uint64_t number, struct message *m,
		const struct stored_delivery *d);

/* Everything is there: from now on the shard's ledger notes what changes. */
void restore_end(struct restore *r);

/* After that: the caller does not keep the message any more. One that nobody needs is removed. */
void restore_release(struct restore *r, struct message *m);

/* Bridges are there: sessions of those that are not end. */
void restore_end_orphans(struct shard *shard, struct instant now);

#endif
