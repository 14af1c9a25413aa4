/* SPDX-License-Identifier: MIT */
/*
 * The last retained message of each topic (v5 3.3.1.3).
 */
#ifndef BROKER_CORE_RETAINED_H
#define BROKER_CORE_RETAINED_H

#include "broker/core/limits.h"
#include "broker/core/message.h"
#include "broker/core/trie.h"

struct ledger;

struct retained {
	struct trie topics; /* value: struct message */
	size_t count;
	size_t bytes;		     /* sum of message_size() */
	size_t expiring;	     /* of them, how many have an expiry interval */
	size_t own_count, own_bytes; /* of them, the broker's own below $SYS */
	struct ledger *ledger;	     /* borrowed; is told of the others */
};

void retained_init(struct retained *r, uint64_t seed, struct ledger *ledger);
void retained_finish(struct retained *r);

/*
 * Keep `m` as its topic's retained message, with a reference of its own, in place of the one
 * before. An empty payload only removes that one [v5 MQTT-3.3.1-6, MQTT-3.3.1-7].
 */
void retained_set(struct retained *r, struct message *m);

/*
 * May a message of `size` be kept for `topic` in a store that is full? It may where it replaces one
 * and is no larger, or small; and below $SYS, of which nothing is stored.
 */
bool retained_replaces(const struct retained *r, struct span topic, size_t size);

/*
 * Do max_retained_messages and max_retained_bytes of `limits` allow a message of `size` for the
 * valid name `topic`? It takes the place of the one that is there. What the broker tells below
 * $SYS does not count and is always kept.
 */
bool retained_has_room(const struct retained *r, const struct limits *limits, struct span topic,
		size_t size);

/*
 * A walk over the retained messages whose topics match a filter, a step at a time. It may rest
 * between any two steps while messages are set, replaced and removed: what is there from the
 * beginning to the end is met exactly once, as it is when the walk comes by; what is set meanwhile
 * under a topic that had none may be met or not.
 *
 *     c = retained_cursor_open(r, filter);
 *     for (; !retained_cursor_at_end(c); retained_cursor_step(c))
 *             if ((m = retained_cursor_message(c, now)) != NULL)
 *                     ...
 *     retained_cursor_close(c);
 */
struct retained_cursor;

/*
 * At the valid `filter`, which is copied; with data NULL at every message, those included that no
 * wildcard matches. Closed before `r` is finished.
 */
struct retained_cursor *retained_cursor_open(struct retained *r, struct span filter);

/* Accepts NULL. */
void retained_cursor_close(struct retained_cursor *c);

bool retained_cursor_at_end(const struct retained_cursor *c);

/*
 * What the walk has come to, valid until messages are changed; NULL: nothing. An expired one is
 * removed.
 */
struct message *retained_cursor_message(struct retained_cursor *c, struct instant now);

/* Go to the next topic level of the tree; constant time. */
void retained_cursor_step(struct retained_cursor *c);

#endif
