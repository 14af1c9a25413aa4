/* SPDX-License-Identifier: MIT */
#include "broker/core/retained.h"

#include "common/mem.h"

struct walk {
	struct retained *retained;
	struct instant now;
	void *owner;
	void (*visit)(void *owner, struct message *m);
	/* Nodes of expired messages. Removed when the walk is over: it stands on the tree. */
	struct trie_node **expired;
	size_t expired_count, expired_capacity;
};

static void drop_message(void *value)
{
	message_unref(value);
}

void retained_init(struct retained *r, uint64_t seed)
{
	*r = (struct retained){ 0 };
	trie_init(&r->topics, seed);
}

void retained_finish(struct retained *r)
{
	trie_finish(&r->topics, drop_message);
	*r = (struct retained){ 0 };
}

static void clear(struct retained *r, struct trie_node *node)
{
	struct message *old = node->value;

	if (old == NULL)
		return;
	r->count--;
	r->bytes -= message_size(old);
	node->value = NULL;
	message_unref(old);
}

void retained_set(struct retained *r, struct message *m)
{
	struct trie_node *node;

	if (m->payload_len == 0) {
		node = trie_find(&r->topics, message_topic(m));
		if (node != NULL) {
			clear(r, node);
			trie_release(&r->topics, node);
		}
		return;
	}
	node = trie_insert(&r->topics, message_topic(m));
	clear(r, node);
	node->value = message_ref(m);
	r->count++;
	r->bytes += message_size(m);
}

static void visit_node(struct walk *w, struct trie_node *node)
{
	struct message *m = node->value;

	if (m == NULL)
		return;
	if (!message_is_expired(m, w->now)) {
		w->visit(w->owner, m);
		return;
	}
	w->expired = grow_array(
			w->expired, w->expired_count, &w->expired_capacity, sizeof(*w->expired));
	w->expired[w->expired_count++] = node;
}

static void remove_expired(struct walk *w)
{
	for (size_t i = 0; i < w->expired_count; i++) {
		clear(w->retained, w->expired[i]);
		trie_release(&w->retained->topics, w->expired[i]);
	}
	free(w->expired);
}

static bool hidden_from_wildcard(const struct retained *r, const struct trie_node *node)
{
	return node->parent == r->topics.root && node->name_len > 0 && node->name[0] == '$';
}

/* Recursion is as deep as a topic has levels, at most MAX_TOPIC_LEVELS. */
static void walk_all(struct walk *w, struct trie_node *parent)
{
	struct trie_node *node;

	if (parent != w->retained->topics.root)
		visit_node(w, parent);
	for (node = parent->first_child; node != NULL; node = node->next) {
		if (!hidden_from_wildcard(w->retained, node))
			walk_all(w, node);
	}
}

static void walk_filter(struct walk *w, struct trie_node *parent, struct span rest)
{
	struct trie_node *node;
	struct span level;

	if (rest.data == NULL) {
		visit_node(w, parent);
		return;
	}
	level = span_cut(&rest, '/');
	if (span_equal_text(level, "#")) {
		walk_all(w, parent);
		return;
	}
	if (!span_equal_text(level, "+")) {
		node = trie_child(&w->retained->topics, parent, level);
		if (node != NULL)
			walk_filter(w, node, rest);
		return;
	}
	for (node = parent->first_child; node != NULL; node = node->next) {
		if (!hidden_from_wildcard(w->retained, node))
			walk_filter(w, node, rest);
	}
}

void retained_match(struct retained *r, struct span filter, struct instant now, void *owner,
		void (*visit)(void *owner, struct message *m))
{
	struct walk w = { .retained = r, .now = now, .owner = owner, .visit = visit };

	walk_filter(&w, r->topics.root, filter);
	remove_expired(&w);
}
