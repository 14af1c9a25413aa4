/* SPDX-License-Identifier: MIT */
#include "common/lmdb_salvage.h"

#include <errno.h>

#include "common/lmdb_check.h"
#include "common/lmdb_page.h"
#include "common/mem.h"

enum { MAX_GAPS = 1000 }; /* of a table; with more, it is searched as a whole */

/* Keys from `least` on and before `limit` were not read; no limit when data is NULL. */
struct gap {
	struct span least, limit;
};

struct table {
	char *name;
	size_t name_len;
	struct lmdb_tree tree;
	bool is_older; /* the newest state has no table of that name */
	bool is_met;   /* in the state that is walked */
	struct gap *gaps;
	size_t gap_count, gap_capacity;
};

struct tables {
	struct table *all;
	size_t count, capacity;
};

struct level {
	uint8_t *bytes;
	struct lmdb_page page;
	unsigned next; /* node */
	bool is_leaf;
	struct span least, limit; /* of its keys, unless data is NULL */
};

struct salvage {
	struct lmdb_file file;
	const struct lmdb_visitor *visitor;
	uint64_t gaps;
	uint8_t *seen; /* a bit a page, so that no circle is walked */
	uint8_t *free; /* a bit a page; NULL: not known. Whoever leads there is wrong */
	struct level levels[LMDB_MAX_DEPTH];
	unsigned depth;
	uint8_t *value;
	size_t value_capacity;
	bool is_older;
	/* The tree that is walked: */
	const struct lmdb_tree *tree;
	int (*entry)(struct salvage *s, const struct lmdb_node *node);
	struct table *table;  /* of records */
	struct tables *found; /* tables go there */
};

/* --- gaps ----------------------------------------------------------------------------------- */

static struct span copy_key(struct span key)
{
	return key.data != NULL ? span_of(xmemdup(key.data, key.len), key.len) : key;
}

static void note_gap(struct salvage *s, struct span least, struct span limit)
{
	struct table *t = s->table;

	if (s->is_older)
		return;
	s->gaps++;
	if (t == NULL || t->gap_count == MAX_GAPS)
		return;
	if (t->gap_count == MAX_GAPS - 1)
		least = limit = (struct span){ NULL, 0 };
	t->gaps = grow_array(t->gaps, t->gap_count, &t->gap_capacity, sizeof(*t->gaps));
	t->gaps[t->gap_count++] = (struct gap){ copy_key(least), copy_key(limit) };
}

/* One record was not read. */
static void note_record_gap(struct salvage *s, struct span key)
{
	uint8_t next[LMDB_MAX_KEY + 1] = { 0 }; /* the key and a zero: the next that could be */

	if (key.len > LMDB_MAX_KEY) {
		s->gaps += !s->is_older;
		return;
	}
	if (key.len > 0)
		memcpy(next, key.data, key.len);
	note_gap(s, key, span_of(next, key.len + 1));
}

static bool is_in_gap(const struct table *t, struct span key)
{
	for (size_t i = 0; i < t->gap_count; i++) {
		const struct gap *g = &t->gaps[i];

		if (lmdb_key_compare(key, g->least) >= 0 &&
				(g->limit.data == NULL || lmdb_key_compare(key, g->limit) < 0))
			return true;
	}
	return false;
}

/* --- the walk ------------------------------------------------------------------------------- */

static bool has_bit(const uint8_t *bits, uint64_t page)
{
	return bits[page / 8] & 1U << page % 8;
}

static void set_bit(uint8_t *bits, uint64_t page)
{
	bits[page / 8] = (uint8_t)(bits[page / 8] | 1U << page % 8);
}

static bool take_page(struct salvage *s, uint64_t page)
{
	if (page < LMDB_FIRST_PAGE || page >= s->file.pages || has_bit(s->seen, page) ||
			(s->free != NULL && has_bit(s->free, page)))
		return false;
	set_bit(s->seen, page);
	return true;
}

/* A page that is in itself right tells what it is; else what stands in this depth is tried. */
static void enter_page(struct salvage *s, uint64_t number, struct span least, struct span limit)
{
	struct level *l = &s->levels[s->depth];

	if (s->depth == LMDB_MAX_DEPTH || !take_page(s, number)) {
		note_gap(s, least, limit);
		return;
	}
	if (l->bytes == NULL)
		l->bytes = xmalloc(s->file.page_size);
	if (lmdb_file_read(&s->file, number, s->file.page_size, l->bytes) < 0) {
		note_gap(s, least, limit);
		return;
	}
	*l = (struct level){ .bytes = l->bytes,
		.page = lmdb_page_view(l->bytes, s->file.page_size),
		.is_leaf = s->depth + 1 == s->tree->depth,
		.least = least,
		.limit = limit };
	if (lmdb_page_problem(&l->page, number, true) == NULL)
		l->is_leaf = true;
	else if (lmdb_page_problem(&l->page, number, false) == NULL)
		l->is_leaf = false;
	else
		note_gap(s, least, limit);
	s->depth++;
}

static void step_down(struct salvage *s, const struct level *l, const struct lmdb_node *node)
{
	struct span least = l->least, limit = l->limit;
	struct lmdb_node next;

	if (l->next > 1)
		least = node->key;
	if (lmdb_node_view(&l->page, l->next, false, &next))
		limit = next.key;
	enter_page(s, node->child, least, limit);
}

/* The value of a node, from its page or from a run of its own. */
static bool read_value(struct salvage *s, const struct lmdb_node *node, struct span *ret)
{
	size_t size = LMDB_PAGE_HEADER + node->data_size;

	*ret = node->data;
	if (!(node->flags & LMDB_BIG_DATA))
		return true;
	if (size / s->file.page_size >= s->file.pages)
		return false;
	if (size > s->value_capacity) {
		free(s->value);
		s->value = xmalloc(size);
		s->value_capacity = size;
	}
	*ret = span_of(s->value + LMDB_PAGE_HEADER, node->data_size);
	return lmdb_file_read(&s->file, node->child, size, s->value) == 0;
}

static int hand_out(struct salvage *s, const struct lmdb_node *node)
{
	struct lmdb_record r = { .table = span_of(s->table->name, s->table->name_len),
		.key = node->key,
		.is_older = s->is_older };
	int result;

	if (s->is_older && !s->table->is_older && !is_in_gap(s->table, node->key))
		return 0;
	if ((node->flags & ~LMDB_BIG_DATA) != 0 || node->key.len > LMDB_MAX_KEY ||
			!read_value(s, node, &r.value)) {
		note_record_gap(s, node->key);
		return 0;
	}
	result = s->visitor->record(s->visitor->owner, &r);
	if (result > 0)
		note_record_gap(s, node->key);
	return result < 0 ? result : 0;
}

static struct table *find_table(struct tables *tables, struct span name)
{
	for (size_t i = 0; i < tables->count; i++) {
		if (span_equal(name, span_of(tables->all[i].name, tables->all[i].name_len)))
			return &tables->all[i];
	}
	return NULL;
}

static int note_table(struct salvage *s, const struct lmdb_node *node)
{
	struct table *t = find_table(s->found, node->key);

	if (node->flags != LMDB_SUB_TREE || node->data.len != LMDB_TREE_SIZE) {
		note_record_gap(s, node->key);
		return 0;
	}
	if (t == NULL) {
		s->found->all = grow_array(s->found->all, s->found->count, &s->found->capacity,
				sizeof(*s->found->all));
		t = &s->found->all[s->found->count++];
		*t = (struct table){ span_dup_text(node->key), node->key.len,
			.is_older = s->is_older };
	}
	t->tree = lmdb_tree_read(node->data.data);
	t->is_met = true;
	return 0;
}

static int note_free(struct salvage *s, const struct lmdb_node *node)
{
	struct span list;

	if (!read_value(s, node, &list)) {
		note_record_gap(s, node->key);
		return 0;
	}
	for (uint64_t i = 1; i <= lmdb_list_count(list); i++) {
		uint64_t page = lmdb_u64(list.data + i * sizeof(page));

		if (page < s->file.pages)
			set_bit(s->free, page);
	}
	return 0;
}

static int step(struct salvage *s)
{
	struct level *l = &s->levels[s->depth - 1];
	struct lmdb_node node;

	if (l->next == l->page.count) {
		s->depth--;
		return 0;
	}
	/* One that is not in its page is part of the gap that was noted for the page. */
	if (!lmdb_node_view(&l->page, l->next++, l->is_leaf, &node))
		return 0;
	if (l->is_leaf)
		return s->entry(s, &node);
	step_down(s, l, &node);
	return 0;
}

static int walk(struct salvage *s, const struct lmdb_tree *tree,
		int (*entry)(struct salvage *s, const struct lmdb_node *node))
{
	struct span none = { NULL, 0 };
	int result = 0;

	s->tree = tree;
	s->entry = entry;
	s->depth = 0;
	if (tree->root != LMDB_NO_PAGE)
		enter_page(s, tree->root, none, none);
	while (result == 0 && s->depth > 0)
		result = step(s);
	return result;
}

/* --- both states ---------------------------------------------------------------------------- */

static int walk_table(struct salvage *s, struct table *t)
{
	struct span name = span_of(t->name, t->name_len);
	uint64_t most = s->file.pages * s->file.page_size / 8; /* a record is larger than that */
	int result = 0;

	s->table = t;
	if (s->is_older && !t->is_older)
		return t->gap_count > 0 ? walk(s, &t->tree, hand_out) : 0;
	if (s->visitor->table != NULL)
		result = s->visitor->table(s->visitor->owner, name,
				t->tree.entries <= most ? t->tree.entries : 0);
	s->gaps += result > 0 && !s->is_older;
	return result != 0 ? (result < 0 ? result : 0) : walk(s, &t->tree, hand_out);
}

static int walk_state(struct salvage *s, const struct lmdb_meta *meta, struct tables *tables)
{
	int result;

	memset(s->seen, 0, s->file.pages / 8 + 1);
	for (size_t i = 0; i < tables->count; i++)
		tables->all[i].is_met = false;
	s->found = tables;
	s->table = NULL;
	result = walk(s, &meta->main, note_table);
	for (size_t i = 0; i < tables->count && result == 0; i++) {
		if (tables->all[i].is_met)
			result = walk_table(s, &tables->all[i]);
	}
	return result;
}

/* A list that is not whole is none: with the wrong pages in it, it would do harm. */
static void read_free(struct salvage *s, const struct lmdb_meta *meta)
{
	uint8_t *bits = xcalloc(1, s->file.pages / 8 + 1);

	memset(s->seen, 0, s->file.pages / 8 + 1);
	s->free = bits;
	(void)walk(s, &meta->free, note_free);
	if (s->gaps > 0) {
		free(bits);
		s->free = NULL;
	}
}

/*
 * Which meta page is the newer, as far as that can be told when they may be damaged? A transaction
 * writes the root of the tables anew and sets the one before free: that is told by pages that have
 * nothing to do with the numbers on the meta pages.
 */
static unsigned newest_meta(const struct lmdb_file *f)
{
	const struct lmdb_meta *m = f->metas;
	bool first = lmdb_has_just_freed(f, &m[0], m[1].main.root);
	bool second = lmdb_has_just_freed(f, &m[1], m[0].main.root);

	if (first != second)
		return second;
	if ((m[0].problem == NULL) != (m[1].problem == NULL))
		return m[0].problem != NULL;
	return m[1].txn > m[0].txn;
}

/* Damage of the older state alone, which nobody reads, must not make it look like the newer. */
static bool is_sound(const char *path)
{
	struct lmdb_check_summary summary;
	struct str problem = { 0 };
	bool sound = lmdb_check(path, &summary, &problem) == 0;

	str_finish(&problem);
	return sound;
}

static void finish(struct salvage *s, struct tables *tables)
{
	for (size_t i = 0; i < tables->count; i++) {
		struct table *t = &tables->all[i];

		for (size_t j = 0; j < t->gap_count; j++) {
			free((void *)(uintptr_t)t->gaps[j].least.data);
			free((void *)(uintptr_t)t->gaps[j].limit.data);
		}
		free(t->gaps);
		free(t->name);
	}
	free(tables->all);
	for (size_t i = 0; i < array_size(s->levels); i++)
		free(s->levels[i].bytes);
	free(s->value);
	free(s->seen);
	free(s->free);
	lmdb_file_close(&s->file);
}

int lmdb_salvage(const char *path, const struct lmdb_visitor *visitor, uint64_t *ret_gaps)
{
	struct salvage s = { .visitor = visitor };
	struct tables tables = { 0 };
	int result = lmdb_file_open(&s.file, path);
	unsigned newest;

	if (result < 0)
		return result;
	if (is_sound(path))
		newest = s.file.metas[1].txn > s.file.metas[0].txn; /* as LMDB takes it */
	else
		newest = newest_meta(&s.file);
	s.seen = xmalloc(s.file.pages / 8 + 1);
	read_free(&s, &s.file.metas[newest]);
	result = walk_state(&s, &s.file.metas[newest], &tables);
	if (result == 0 && s.gaps > 0) {
		s.is_older = true;
		free(s.free);
		s.free = NULL;
		result = walk_state(&s, &s.file.metas[!newest], &tables);
	}
	*ret_gaps = s.gaps;
	finish(&s, &tables);
	return result;
}
