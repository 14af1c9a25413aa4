/* SPDX-License-Identifier: MIT */
#include "broker/core/trie.h"

#include <assert.h>

#include "common/mem.h"

enum { MAX_LEVEL = 65535, KEY_PREFIX = sizeof(struct trie_node *) };

static const struct span plus = SPAN("+"), hash = SPAN("#");

_Static_assert(offsetof(struct trie_node, name) - offsetof(struct trie_node, parent) == KEY_PREFIX,
		"parent and name form one key");

void trie_init(struct trie *t, uint64_t seed)
{
	*t = (struct trie){ .seed = seed, .root = xcalloc(1, sizeof(struct trie_node)) };
}

void trie_finish(struct trie *t, void (*drop)(void *value))
{
	struct trie_node *node, *next;

	HASH_ITER (hh, t->table, node, next) {
		HASH_DEL(t->table, node);
		if (node->value != NULL && drop != NULL)
			drop(node->value);
		free(node);
	}
	free(t->root);
	*t = (struct trie){ 0 };
}

/* The parent's address goes into the seed, so that a look-up needs no key in one piece. */
static uint32_t hash_of(const struct trie *t, const struct trie_node *parent, struct span level)
{
	return hash_span(t->seed ^ (uint64_t)(uintptr_t)parent, level);
}

struct trie_node *trie_child(
		const struct trie *t, const struct trie_node *parent, struct span level)
{
	struct trie_node *first = parent->first_child;
	UT_hash_handle *at;
	unsigned bucket;
	uint32_t key;

	if (first == NULL)
		return NULL;
	if (first->next == NULL) /* the only one: nothing to search for */
		return span_equal(trie_level(first), level) ? first : NULL;
	key = hash_of(t, parent, level);
	/* uthash compares keys in one piece; this walk of its bucket compares the two parts. */
	HASH_TO_BKT(key, t->table->hh.tbl->num_buckets, bucket);
	for (at = t->table->hh.tbl->buckets[bucket].hh_head; at != NULL; at = at->hh_next) {
		struct trie_node *node = container_of(at, struct trie_node, hh);

		if (at->hashv == key && node->parent == parent &&
				span_equal(trie_level(node), level))
			return node;
	}
	return NULL;
}

struct trie_node *trie_plus(const struct trie *t, const struct trie_node *parent)
{
	return parent->has_plus ? trie_child(t, parent, plus) : NULL;
}

struct trie_node *trie_hash(const struct trie *t, const struct trie_node *parent)
{
	return parent->has_hash ? trie_child(t, parent, hash) : NULL;
}

/* A child has come or goes. */
static void note_wildcard(struct trie_node *parent, struct span level, bool is_there)
{
	if (span_equal(level, plus))
		parent->has_plus = is_there;
	else if (span_equal(level, hash))
		parent->has_hash = is_there;
}

struct trie_node *trie_find(const struct trie *t, struct span topic)
{
	struct trie_node *node = t->root;

	while (topic.data != NULL && node != NULL)
		node = trie_child(t, node, span_cut(&topic, '/'));
	return node;
}

static struct trie_node *add_child(struct trie *t, struct trie_node *parent, struct span level)
{
	struct trie_node *node = xcalloc(1, sizeof(*node) + level.len);
	uint32_t key = hash_of(t, parent, level);

	assert(level.len <= MAX_LEVEL);
	node->parent = parent;
	node->name_len = (uint16_t)level.len;
	if (level.len > 0)
		memcpy(node->name, level.data, level.len);
	node->next = parent->first_child;
	if (node->next != NULL)
		node->next->previous = node;
	parent->first_child = node;
	HASH_ADD_BYHASHVALUE(hh, t->table, parent, (unsigned)(KEY_PREFIX + level.len), key, node);
	note_wildcard(parent, level, true);
	t->nodes++;
	return node;
}

struct trie_node *trie_child_open(struct trie *t, struct trie_node *parent, struct span level)
{
	struct trie_node *child = trie_child(t, parent, level);

	return child != NULL ? child : add_child(t, parent, level);
}

struct trie_node *trie_insert(struct trie *t, struct span topic)
{
	struct trie_node *node = t->root;

	while (topic.data != NULL)
		node = trie_child_open(t, node, span_cut(&topic, '/'));
	return node;
}

void trie_release(struct trie *t, struct trie_node *node)
{
	while (node != t->root && node->value == NULL && node->first_child == NULL &&
			node->pins == 0) {
		struct trie_node *parent = node->parent;

		if (node->previous != NULL)
			node->previous->next = node->next;
		else
			parent->first_child = node->next;
		if (node->next != NULL)
			node->next->previous = node->previous;
		note_wildcard(parent, trie_level(node), false);
		HASH_DEL(t->table, node);
		free(node);
		t->nodes--;
		node = parent;
	}
}

void trie_path(const struct trie_node *node, struct str *to)
{
	if (node->parent->parent != NULL) {
		trie_path(node->parent, to);
		str_append_byte(to, '/');
	}
	str_append(to, trie_level(node));
}
