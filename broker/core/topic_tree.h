/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions by topic filter, and the answer to "who receives this topic?".
 *
 * The filters form a trie (trie.h) in which `+` and `#` are levels like any other. To match a
 * topic name, each level follows up to three children: its own name, `+`, and `#`, which ends the
 * walk. Names that start with `$` are not matched by a wildcard in the first level [MQTT-4.7.2-1].
 *
 * Monitoring repeats its topics, so the answers are remembered:
 *
 *     topic name ──hash──▶ struct match { generation, targets[] }
 *
 * Every change of any subscription, or of who may read what, advances the tree's generation, and an
 * answer of an older generation is worked out anew when it is next asked for. A hot PUBLISH so
 * costs one hash look-up, no splitting and no allocation. A session whose filters overlap appears
 * once, with the largest of its granted QoS and all its subscription identifiers (v5 3.3.4); a
 * second time when some of those subscriptions are "no local" and some are not. Shared
 * subscriptions (share.h) stand apart from those: an answer names the group, and who of it receives
 * is decided message by message.
 */
#ifndef BROKER_CORE_TOPIC_TREE_H
#define BROKER_CORE_TOPIC_TREE_H

#include "broker/core/delivery.h"
#include "broker/core/share.h"
#include "broker/core/trie.h"

struct session;

/* One session's subscription to one filter. Owned by the tree, also linked in its session. */
struct subscription {
	struct session *session; /* borrowed; it outlives its subscriptions */
	struct trie_node *node;
	struct share_group *group; /* borrowed; NULL unless it is a shared subscription */
	struct subscription *next_of_session, **link_of_session;
	struct subscription *previous_awaiting, *next_awaiting; /* session.h */
	uint32_t index;	     /* in the list of its node, or of its group */
	uint32_t identifier; /* of MQTT 5; 0 = none */
	uint32_t number;     /* on disk, among those of the session; 0: it is not */
	uint8_t qos;	     /* granted */
	bool no_local;
	bool retain_as_published;
	bool is_awaiting;
};

struct match_target {
	struct session *session; /* NULL: one member of `group` receives */
	struct share_group *group;
	struct subscription_ids *ids; /* owned reference of the match, or NULL */
	uint8_t qos;
	bool no_local; /* not for what the session publishes itself */
	bool own_only; /* only for that: see topic_tree.c */
	bool retain_as_published;
};

/* Valid until the next call on the tree. */
struct match {
	UT_hash_handle hh;
	uint64_t generation;
	uint32_t count, capacity;
	struct match_target *targets;
	uint16_t topic_len;
	char topic[];
};

struct topic_tree {
	struct trie filters; /* value: struct filter_subscribers, of topic_tree.c */
	uint64_t generation;
	struct match *matches; /* uthash by topic name */
	size_t match_count, max_matches;
	size_t match_bytes;	/* of all in the cache */
	struct match *overflow; /* the last answer, where there is no cache (max_matches 0) */
	struct share_table shares;
	size_t subscriptions;	     /* all */
	size_t shared_subscriptions; /* of them */
};

void topic_tree_init(struct topic_tree *t, uint64_t seed, size_t max_matches);
void topic_tree_finish(struct topic_tree *t);

struct subscribe_options {
	struct span group; /* data NULL: not shared */
	uint32_t identifier;
	uint8_t qos;
	uint8_t retain_handling; /* 0, 1 or 2, as in v5 3.8.3.1 */
	bool no_local;
	bool retain_as_published;
};

/*
 * Subscribe `session` to the valid `filter`, or replace the options of a subscription that it has
 * [v5 MQTT-3.8.4-3]. Returns true when it is new. *list is the head of the session's list. One
 * that is to be sent retained messages is put on the session's other list (session_await()).
 */
bool topic_tree_subscribe(struct topic_tree *t, struct session *session, struct subscription **list,
		struct span filter, const struct subscribe_options *options);

/* The subscription that `list` has to the filter, or NULL. */
struct subscription *topic_tree_find(const struct topic_tree *t, struct subscription *list,
		struct span group, struct span filter);

/* `group.data` is NULL unless the subscription is shared. False when there was none. */
bool topic_tree_unsubscribe(struct topic_tree *t, struct subscription *list, struct span group,
		struct span filter);

/* Remove all subscriptions of a session. */
void topic_tree_remove_all(struct topic_tree *t, struct subscription **list);

/* Sessions may read other topics than before: all answers are worked out anew. */
void topic_tree_forget(struct topic_tree *t);

/*
 * Look in the cache only: NULL when the topic was not seen since the last change. A topic that is
 * found is a valid topic name.
 */
const struct match *topic_tree_cached(struct topic_tree *t, struct span topic);

/* Who receives messages of the valid name `topic` and may read it. Never NULL. */
const struct match *topic_tree_match(struct topic_tree *t, struct span topic);

#endif
