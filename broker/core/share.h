/* SPDX-License-Identifier: MIT */
/*
 * Shared subscriptions (v5 4.8.2): the sessions that subscribe to "$share/GROUP/FILTER" form a
 * group, and each message that matches the filter goes to one of them.
 *
 * They take turns. A member that may not read the topic is passed over, and so is one whose client
 * is away while another is there. When all are away, the message waits in the queue of the one
 * whose turn it is.
 */
#ifndef BROKER_CORE_SHARE_H
#define BROKER_CORE_SHARE_H

#include "broker/core/topic_tree.h"

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
	struct share_group *next;
	struct subscriber_list members;
	size_t turn;
	size_t name_len;
	char name[];
};

/* The group of that name in a filter's list, or NULL. */
struct share_group *share_group_find(struct share_group *list, struct span name);

/* The same, created where missing. */
struct share_group *share_group_open(struct share_group **list, struct span name);

/* Take the group out of the list and free it with the members that are left. */
void share_group_destroy(struct share_group **list, struct share_group *group);

/*
 * The member that receives the next message, which is one of `topic`; NULL when none may read it.
 */
const struct subscription *share_group_next(struct share_group *group, struct span topic);

#endif
