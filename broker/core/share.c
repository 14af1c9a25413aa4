/* SPDX-License-Identifier: MIT */
#include "broker/core/share.h"

#include "broker/core/access.h"
#include "common/mem.h"

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

struct share_group *share_group_find(struct share_group *list, struct span name)
{
	while (list != NULL && !span_equal(span_of(list->name, list->name_len), name))
		list = list->next;
	return list;
}

struct share_group *share_group_open(struct share_group **list, struct span name)
{
	struct share_group *group = share_group_find(*list, name);

	if (group != NULL)
		return group;
	group = xcalloc(1, sizeof(*group) + name.len);
	group->name_len = name.len;
	memcpy(group->name, name.data, name.len);
	group->next = *list;
	*list = group;
	return group;
}

void share_group_destroy(struct share_group **list, struct share_group *group)
{
	while (*list != group)
		list = &(*list)->next;
	*list = group->next;
	subscriber_list_finish(&group->members);
	free(group);
}

const struct subscription *share_group_next(struct share_group *group, struct span topic)
{
	const struct subscriber_list *members = &group->members;
	const struct subscription *away = NULL;
	size_t first = group->turn % members->count;

	for (size_t i = 0; i < members->count; i++) {
		size_t at = (first + i) % members->count;
		const struct subscription *s = members->all[at];

		if (!access_may(s->session, topic, ACL_READ))
			continue;
		if (s->session->client != NULL) {
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
