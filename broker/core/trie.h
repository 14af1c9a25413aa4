/* SPDX-License-Identifier: MIT */
/*
 * Topics as a tree of levels, used for subscriptions, for retained messages and for rules
 * of who may do what:
 *
 *     nagios/web1/disk, nagios/web1/load, nagios/+/load
 *
 *         (root) ─ nagios ─┬─ web1 ─┬─ disk
 *                          │        └─ load
 *                          └─ + ────── load
 *
 * A node is found by its parent and its level in one hash table for the whole tree, so that a
 * step costs the same however many children there are, and a node without children costs nothing
 * for having none. Siblings are also linked, for walks that follow a wildcard.
 *
 * `value` belongs to the user of the tree. A node lives as long as it has a value, children or
 * pins; trie_release() gives back what is no longer needed. A new node comes first among its
 * siblings, and the others keep their order, so that a walk which pins the node it stands on can go
 * on after any change.
 */
#ifndef BROKER_CORE_TRIE_H
#define BROKER_CORE_TRIE_H

#include "common/hash.h"
#include "common/str.h"

struct trie_node {
	UT_hash_handle hh;
	void *value; /* NULL: only on the way to something deeper */
	struct trie_node *first_child;
	struct trie_node *previous, *next; /* siblings */
	uint32_t pins;			   /* walks that stand on it: it stays in the tree */
	uint16_t name_len;
	bool has_plus, has_hash; /* among its children: spares most walks the look-up */
	/* The key of the table: these two stand one behind the other in memory. */
	struct trie_node *parent; /* NULL only in the root */
	char name[];
};

struct trie {
	uint64_t seed;
	struct trie_node *table; /* uthash; every node but the root */
	struct trie_node *root;
	size_t nodes;
};

void trie_init(struct trie *t, uint64_t seed);

/* Frees all nodes; their values are handed to `drop`, which may be NULL. */
void trie_finish(struct trie *t, void (*drop)(void *value));

/* The child of `parent` for one level, or NULL. */
struct trie_node *trie_child(
		const struct trie *t, const struct trie_node *parent, struct span level);

/* The child for the level `+` or `#`, or NULL. */
struct trie_node *trie_plus(const struct trie *t, const struct trie_node *parent);
struct trie_node *trie_hash(const struct trie *t, const struct trie_node *parent);

/* The same as trie_child(), created where missing. The caller gives the node a value or releases
 * it. */
struct trie_node *trie_child_open(struct trie *t, struct trie_node *parent, struct span level);

/* The node of a whole topic or filter, or NULL. */
struct trie_node *trie_find(const struct trie *t, struct span topic);

/* The same, created where missing. The caller gives the node a value or releases it. */
struct trie_node *trie_insert(struct trie *t, struct span topic);

/* Remove the node and those above it that have neither value nor children nor pins. */
void trie_release(struct trie *t, struct trie_node *node);

/* Append the topic or filter of a node other than the root; recurses once for each level. */
void trie_path(const struct trie_node *node, struct str *to);

static inline struct span trie_level(const struct trie_node *node)
{
	return span_of(node->name, node->name_len);
}

#endif
