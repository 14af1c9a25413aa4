/* SPDX-License-Identifier: MIT */
/*
 * Shared subscriptions (v5 4.8.2): the sessions that subscribe to "$share/GROUP/FILTER" form a
 * group, and each message that matches the filter goes to one of them.
 *
 * They take turns, or each topic stays with one of them (shared_subscription_policy). A member
 * that may not read the topic is passed over, and so is one whose client is away while another is
 * there. When all are away, the message waits in the queue of the one whose turn it is.
 *
 * By topic, a member is chosen by rendezvous hashing: when one goes, its topics are spread over the
 * others, and come back with it; the topics of the others stay where they are.
 */
#ifndef BROKER_CORE_SHARE_H
#define BROKER_CORE_SHARE_H

#include "broker/core/limits.h"
#include "common/hash.h"

struct subscription;

/* Subscriptions in no order; each knows its place (subscription.index). Does not own them. */
struct subscriber_list {
	struct subscription **all;
	size_t count, capacity;
};

void subscriber_list_add(struct subscriber_list *list, struct subscription *s);
void subscriber_list_remove(struct subscriber_list *list, struct subscription *s);

/* Frees the subscriptions too. */
void subscriber_list_finish(struct subscriber_list *list);

struct share_group {
	UT_hash_handle hh;
	struct share_group *previous, *next; /* utlist: of the same filter */
	struct subscriber_list members;
	size_t turn;
	uint32_t id; /* no other group has had it; not 0 */
	uint32_t key_len;
	char key[]; /* the filter's address, and the name */
};

static inline struct span share_group_name(const struct share_group *g)
{
	return span_of(g->key + sizeof(void *), g->key_len - sizeof(void *));
}

/* All groups. Zeroed memory, but for the seed, is an empty table. */
struct share_table {
	struct share_group *groups; /* uthash by filter and name */
	uint64_t seed;
	uint32_t last_id;
};

/* The group of that name of `filter`, an address that stands for it; or NULL. */
struct share_group *share_group_find(
		const struct share_table *t, const void *filter, struct span name);

/* The same, created where missing, and then put into the filter's list. */
struct share_group *share_group_open(struct share_table *t, struct share_group **list,
		const void *filter, struct span name);

/* Take the group, which has no members, out of table and list and free it. */
void share_group_destroy(
		struct share_table *t, struct share_group **list, struct share_group *group);

/* Forget all groups, and free those of one list with their members: for the end of the tree. */
void share_table_clear(struct share_table *t);
void share_list_free(struct share_group **list);

/*
 * The member that receives the next message, which is one of `topic`; NULL when none may read it.
 * A group is never empty.
 */
const struct subscription *share_group_pick(struct share_group *group, enum share_policy policy,
		struct span topic, uint32_t topic_hash);

#endif
