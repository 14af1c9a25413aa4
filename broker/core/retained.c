/* SPDX-License-Identifier: MIT */
#include "broker/core/retained.h"

#include "broker/core/ledger.h"
#include "common/mem.h"

enum { SMALL = 4096 }; /* that all messages may become, where none may be added */

/*
 * The walk stands on a pinned node, `depth` levels below the root, and so needs no stack: parents
 * and siblings are linked. Level i of the filter chooses among the nodes of depth i + 1.
 */
struct retained_cursor {
	struct retained *retained;
	struct trie_node *node; /* pinned; NULL: at the end */
	size_t depth;
	size_t level_count; /* of the filter, without "#" at its end */
	bool has_hash;
	bool sees_all;
	struct span levels[]; /* into the copy of the filter that follows them */
};

static void drop_message(void *value)
{
	message_unref(value);
}

void retained_init(struct retained *r, uint64_t seed, struct ledger *ledger)
{
	*r = (struct retained){ .ledger = ledger };
	trie_init(&r->topics, seed);
}

void retained_finish(struct retained *r)
{
	trie_finish(&r->topics, drop_message);
	*r = (struct retained){ 0 };
}

static bool is_own(struct span topic)
{
	/* where others may publish too: the states of bridges */
	static const struct span sys = SPAN("$SYS/"), bridges = SPAN("$SYS/broker/connection/");

	return span_starts_with(topic, sys) && !span_starts_with(topic, bridges);
}

static void count(struct retained *r, const struct message *m, size_t change)
{
	r->count += change;
	r->bytes += change * message_size(m);
	if (!is_own(message_topic(m)))
		return;
	r->own_count += change;
	r->own_bytes += change * message_size(m);
}

/* What is below $SYS is true of this run of the broker alone. */
static bool is_durable(const struct message *m)
{
	static const struct span sys = SPAN("$SYS/");

	return !span_starts_with(message_topic(m), sys);
}

static void clear(struct retained *r, struct trie_node *node)
{
	struct message *old = node->value;

	if (old == NULL)
		return;
	count(r, old, (size_t)-1);
	r->expiring -= old->expires.ns != INSTANT_NEVER.ns;
	node->value = NULL;
	if (is_durable(old))
		ledger_unretained(r->ledger, old);
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
	if (is_durable(m))
		ledger_retained(r->ledger, m);
	count(r, m, 1);
	r->expiring += m->expires.ns != INSTANT_NEVER.ns;
}

static bool is_within(const struct limits *limits, size_t count, size_t bytes)
{
	return (limits->max_retained_messages == 0 || count <= limits->max_retained_messages) &&
	       (limits->max_retained_bytes == 0 || bytes <= limits->max_retained_bytes);
}

bool retained_has_room(const struct retained *r, const struct limits *limits, struct span topic,
		size_t size)
{
	size_t others = r->count - r->own_count, bytes = r->bytes - r->own_bytes;
	const struct trie_node *node;

	if (is_own(topic) || is_within(limits, others + 1, bytes + size))
		return true;
	node = trie_find(&r->topics, topic);
	return node != NULL && node->value != NULL &&
	       is_within(limits, others, bytes + size - message_size(node->value));
}

bool retained_replaces(const struct retained *r, struct span topic, size_t size)
{
	const struct trie_node *node = trie_find(&r->topics, topic);

	if (is_own(topic))
		return true;
	return node != NULL && node->value != NULL &&
	       (size <= SMALL || size <= message_size(node->value));
}

static bool hidden_from_wildcard(const struct retained *r, const struct trie_node *node)
{
	return node->parent == r->topics.root && node->name_len > 0 && node->name[0] == '$';
}

/* `node` or the first of its next siblings that a wildcard in its place matches. */
static struct trie_node *seen_from(const struct retained_cursor *c, struct trie_node *node)
{
	while (node != NULL && !c->sees_all && hidden_from_wildcard(c->retained, node))
		node = node->next;
	return node;
}

static bool is_wildcard(const struct retained_cursor *c, size_t level)
{
	return level < c->level_count ? span_equal_text(c->levels[level], "+") : c->has_hash;
}

struct retained_cursor *retained_cursor_open(struct retained *r, struct span filter)
{
	size_t levels = 1;
	struct retained_cursor *c;
	char *copy;

	for (size_t i = 0; i < filter.len; i++)
		levels += filter.data[i] == '/';
	c = xmalloc(sizeof(*c) + levels * sizeof(struct span) + filter.len);
	copy = (char *)&c->levels[levels];
	*c = (struct retained_cursor){ .retained = r, .node = r->topics.root };
	c->sees_all = c->has_hash = filter.data == NULL;
	if (filter.data != NULL)
		filter = span_of(memcpy(copy, filter.data, filter.len), filter.len);
	while (filter.data != NULL) {
		struct span level = span_cut(&filter, '/');

		if (span_equal_text(level, "#"))
			c->has_hash = true;
		else
			c->levels[c->level_count++] = level;
	}
	c->node->pins++;
	return c;
}

static void move_to(struct retained_cursor *c, struct trie_node *node)
{
	struct trie_node *old = c->node;

	if (node != NULL)
		node->pins++;
	c->node = node;
	old->pins--;
	trie_release(&c->retained->topics, old);
}

void retained_cursor_close(struct retained_cursor *c)
{
	if (c == NULL)
		return;
	if (c->node != NULL)
		move_to(c, NULL);
	free(c);
}

bool retained_cursor_at_end(const struct retained_cursor *c)
{
	return c->node == NULL;
}

struct message *retained_cursor_message(struct retained_cursor *c, struct instant now)
{
	struct message *m = c->node->value;

	if (m == NULL || (c->has_hash ? c->depth < c->level_count : c->depth != c->level_count))
		return NULL;
	if (!message_is_expired(m, now))
		return m;
	clear(c->retained, c->node);
	return NULL;
}

static struct trie_node *first_below(const struct retained_cursor *c)
{
	if (is_wildcard(c, c->depth))
		return seen_from(c, c->node->first_child);
	if (c->depth < c->level_count)
		return trie_child(&c->retained->topics, c->node, c->levels[c->depth]);
	return NULL;
}

void retained_cursor_step(struct retained_cursor *c)
{
	struct trie_node *at = c->node, *next = first_below(c);

	if (next != NULL) {
		c->depth++;
		move_to(c, next);
		return;
	}
	for (; c->depth > 0 && next == NULL; at = at->parent) {
		if (is_wildcard(c, c->depth - 1))
			next = seen_from(c, at->next);
		if (next == NULL)
			c->depth--;
	}
	move_to(c, next);
}
