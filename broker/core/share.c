/* SPDX-License-Identifier: MIT */
#include "broker/core/share.h"

#include <utlist.h>

#include "broker/core/access.h"
#include "common/mem.h"
#include "common/str.h"

void subscriber_list_add(struct subscriber_list *list, struct subscription *s)
{
	if (list->capacity == 0) /* most filters have one subscriber */
		list->all = xmalloc(sizeof(struct subscription *) * (list->capacity = 1));
	list->all = grow_array(
			list->all, list->count, &list->capacity, sizeof(struct subscription *));
	s->index = (uint32_t)list->count;
	list->all[list->count++] = s;
}

void subscriber_list_remove(struct subscriber_list *list, struct subscription *s)
{
	struct subscription *last = list->all[--list->count];

	list->all[s->index] = last;
	last->index = s->index;
}

void subscriber_list_finish(struct subscriber_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->all[i]);
	free(list->all);
	*list = (struct subscriber_list){ 0 };
}

/* Filter and name in one piece, in *key, which the caller finishes. Returns its hash. */
static uint32_t make_key(
		const struct share_table *t, const void *filter, struct span name, struct str *key)
{
	str_append(key, span_of(&filter, sizeof(filter)));
	str_append(key, name);
	return hash_span(t->seed, str_span(key));
}

struct share_group *share_group_find(
		const struct share_table *t, const void *filter, struct span name)
{
	struct str key = { 0 };
	uint32_t hash = make_key(t, filter, name, &key);
	struct share_group *group;

	HASH_FIND_BYHASHVALUE(hh, t->groups, key.text, key.len, hash, group);
	str_finish(&key);
	return group;
}

struct share_group *share_group_open(struct share_table *t, struct share_group **list,
		const void *filter, struct span name)
{
	struct share_group *group = share_group_find(t, filter, name);
	struct str key = { 0 };
	uint32_t hash;

	if (group != NULL)
		return group;
	hash = make_key(t, filter, name, &key);
	group = xcalloc(1, sizeof(*group) + key.len);
	group->key_len = (uint32_t)key.len;
	memcpy(group->key, key.text, key.len);
	str_finish(&key);
	group->id = ++t->last_id > 0 ? t->last_id : ++t->last_id;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, t->groups, group->key, group->key_len, hash, group);
	DL_APPEND2(*list, group, previous, next);
	return group;
}

void share_group_destroy(
		struct share_table *t, struct share_group **list, struct share_group *group)
{
	HASH_DEL(t->groups, group);
	DL_DELETE2(*list, group, previous, next);
	subscriber_list_finish(&group->members);
	free(group);
}

void share_table_clear(struct share_table *t)
{
	HASH_CLEAR(hh, t->groups);
}

void share_list_free(struct share_group **list)
{
	while (*list != NULL) {
		struct share_group *group = *list;

		DL_DELETE2(*list, group, previous, next);
		subscriber_list_finish(&group->members);
		free(group);
	}
}

static bool is_there(const struct subscription *s)
{
	return s->session->client != NULL;
}

static const struct subscription *pick_in_turn(struct share_group *group, struct span topic)
{
	const struct subscriber_list *members = &group->members;
	const struct subscription *away = NULL;
	size_t first = group->turn % members->count;

	for (size_t i = 0; i < members->count; i++) {
		size_t at = (first + i) % members->count;
		const struct subscription *s = members->all[at];

		if (!access_may(s->session, topic, ACL_READ))
			continue;
		if (is_there(s)) {
			group->turn = at + 1;
			return s;
		}
		if (away == NULL)
			away = s;
	}
	if (away != NULL)
		group->turn = away->index + 1;
	return away;
}

/* How much a topic is drawn to a session: a random number that is the same each time. */
static uint64_t weight(const struct subscription *s, uint32_t topic_hash)
{
	uint64_t z = ((uint64_t)s->session->hh.hashv << 32 | topic_hash) * 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 32) * 0xd6e8feb86659fd93U;
	return z ^ z >> 32;
}

static bool is_better(
		const struct subscription *s, const struct subscription *best, uint32_t topic_hash)
{
	if (best == NULL || is_there(s) != is_there(best))
		return best == NULL || is_there(s);
	return weight(s, topic_hash) > weight(best, topic_hash);
}

static const struct subscription *pick_by_topic(
		const struct share_group *group, struct span topic, uint32_t topic_hash)
{
	const struct subscription *best = NULL;

	for (size_t i = 0; i < group->members.count; i++) {
		const struct subscription *s = group->members.all[i];

		if (is_better(s, best, topic_hash) && access_may(s->session, topic, ACL_READ))
			best = s;
	}
	return best;
}

const struct subscription *share_group_pick(struct share_group *group, enum share_policy policy,
		struct span topic, uint32_t topic_hash)
{
	return policy == SHARE_BY_TOPIC ? pick_by_topic(group, topic, topic_hash)
					: pick_in_turn(group, topic);
}
