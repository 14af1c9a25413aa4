/* SPDX-License-Identifier: MIT */
#include "broker/core/alias.h"

#include "common/mem.h"

/* What a client remembers per alias is bounded; below this nothing is saved by one. */
enum { LONGEST_ALIASED = 1024, SHORTEST_ALIASED = 4 };

struct sent_alias {
	UT_hash_handle hh;
	uint16_t alias;
	uint16_t len;
	char topic[];
};

struct alias_topic {
	size_t len;
	uint8_t bytes[];
};

void alias_finish(struct alias_table *t)
{
	for (uint16_t i = 0; i < t->count; i++)
		free(t->topics[i]);
	free(t->topics);
	*t = (struct alias_table){ 0 };
}

void alias_set(struct alias_table *t, uint16_t alias, struct span topic)
{
	struct alias_topic *copy = xmalloc(sizeof(*copy) + topic.len);

	copy->len = topic.len;
	memcpy(copy->bytes, topic.data, topic.len);
	if (alias > t->count) {
		t->topics = xrealloc(t->topics, alias * sizeof(struct alias_topic *));
		while (t->count < alias)
			t->topics[t->count++] = NULL;
	}
	free(t->topics[alias - 1]);
	t->topics[alias - 1] = copy;
}

struct span alias_topic(const struct alias_table *t, uint16_t alias)
{
	if (alias == 0 || alias > t->count || t->topics[alias - 1] == NULL)
		return (struct span){ NULL, 0 };
	return span_of(t->topics[alias - 1]->bytes, t->topics[alias - 1]->len);
}

void sent_aliases_finish(struct sent_aliases *s)
{
	struct sent_alias *a, *next;

	HASH_ITER (hh, s->table, a, next) {
		HASH_DEL(s->table, a);
		free(a);
	}
	*s = (struct sent_aliases){ 0 };
}

uint16_t sent_alias_find(const struct sent_aliases *s, struct span topic, uint32_t hash)
{
	struct sent_alias *a;

	HASH_FIND_BYHASHVALUE(hh, s->table, topic.data, topic.len, hash, a);
	return a != NULL ? a->alias : 0;
}

uint16_t sent_alias_next(const struct sent_aliases *s, struct span topic)
{
	if (s->count == s->max || topic.len < SHORTEST_ALIASED || topic.len > LONGEST_ALIASED)
		return 0;
	return (uint16_t)(s->count + 1);
}

void sent_alias_add(struct sent_aliases *s, struct span topic, uint32_t hash)
{
	struct sent_alias *a = xmalloc(sizeof(*a) + topic.len);

	a->alias = ++s->count;
	a->len = (uint16_t)topic.len;
	memcpy(a->topic, topic.data, topic.len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, s->table, a->topic, a->len, hash, a);
}
