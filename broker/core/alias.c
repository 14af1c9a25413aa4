/* SPDX-License-Identifier: MIT */
#include "broker/core/alias.h"

#include "common/mem.h"

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
