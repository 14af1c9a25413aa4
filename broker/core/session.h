/* SPDX-License-Identifier: MIT */
/*
 * A session: what the broker remembers for one client identifier (v5 4.1). It exists while its
 * client is connected and, if it has an expiry interval, for that long afterwards.
 *
 * A session owns its subscriptions, the deliveries that wait and those in flight, the identifiers
 * of QoS 2 messages received, and the will. What belongs to one network connection is in struct
 * client. Sessions are found by client identifier in a table of the shard.
 */
#ifndef BROKER_CORE_SESSION_H
#define BROKER_CORE_SESSION_H

#include "broker/core/inflight.h"
#include "broker/core/outbox.h"
#include "broker/core/packet_ids.h"
#include "broker/core/policy.h"
#include "broker/core/timer.h"
#include "broker/core/topic_tree.h"
#include "common/hash.h"

struct bridge;
struct client;

struct will {
	struct message *message; /* owned reference */
	uint32_t delay;		 /* seconds */
};

/* Subscriptions that are owed retained messages, in the order in which they get them (replay.h). */
struct awaiting {
	struct subscription *first;	/* utlist */
	struct retained_cursor *cursor; /* of the first; NULL: not begun */
	struct subscription_ids *ids;	/* of the first, while there is a cursor; a reference */
};

struct session {
	UT_hash_handle hh;
	struct client *client; /* borrowed; NULL while away */
	struct bridge *bridge; /* borrowed; whose session it is, NULL: an ordinary client's */
	struct policy *policy; /* of the listener it was last connected through; a reference */
	char *username;	       /* that it was last connected with, owned; NULL: none */
	struct source *source; /* a reference; NULL until it publishes a retained message */
	uint64_t number;       /* on disk; 0: nothing of it is (ledger.h) */
	uint64_t first_batch;  /* that has it */
	struct session *previous_changed, *next_changed; /* in the ledger's list, if `changes` */
	struct subscription *subscriptions;
	struct awaiting awaiting;
	uint32_t subscription_count;
	struct outbox outbox;
	struct inflight inflight;
	struct packet_ids received;
	struct will will; /* message NULL: none */
	struct timer expiry;
	struct timer will_timer;
	uint32_t expiry_interval;   /* seconds; 0 ends with the connection, MQTT_EXPIRY_NEVER */
	uint32_t match_place;	    /* of topic_tree.c */
	uint32_t last_subscription; /* number on disk */
	uint16_t id_len;
	bool is_dropping;   /* its queue is full and that was told */
	bool was_denied;    /* something, since it was last assigned */
	bool keeps_qos0;    /* in its queue, whatever queue_qos0_messages says */
	bool is_durable;    /* it outlives its connection, on disk */
	uint8_t changes;    /* set of enum session_change */
	bool awaits_bridge; /* it was a bridge's before the restart */
	char id[];
};

static inline struct span session_id(const struct session *s)
{
	return span_of(s->id, s->id_len);
}

struct session_table {
	struct session *table; /* uthash by client identifier */
	uint64_t seed;
	size_t count;
};

struct session *session_table_find(const struct session_table *t, struct span id);

static inline struct span session_username(const struct session *s)
{
	return s->username != NULL ? span_of_text(s->username) : (struct span){ NULL, 0 };
}

/*
 * From now on the session is used under this name and this policy. `username.data` is NULL when
 * there is none; it is copied, and a reference to the policy is taken.
 */
void session_assign(struct session *s, struct span username, struct policy *policy);

/* The same name under another policy. */
void session_change_policy(struct session *s, struct policy *policy);

/* A new, empty session, entered in the table. The identifier is copied. */
struct session *session_create(struct session_table *t, struct span id);

/*
 * Take the session out of the table and free it with everything it owns. Its subscriptions and
 * timers must have been removed by the caller.
 */
void session_destroy(struct session_table *t, struct session *s);

/* The subscription is owed its retained messages, from the beginning. */
void session_await(struct subscription *s);

/* It is owed none any more. No effect on one that is not. */
void session_stop_awaiting(struct subscription *s);

#endif
