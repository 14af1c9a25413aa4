/* SPDX-License-Identifier: MIT */
#include "common/lmdb_check.h"

#include <errno.h>

#include "common/mem.h"

struct table {
	char *name; /* for people */
	struct lmdb_tree tree;
};

/* One page on the way from the root to the place under examination. */
struct level {
	uint8_t *bytes;
	struct lmdb_page page;
	unsigned next; /* node */
	/* Keys of this page are not before `least` and are before `limit`, unless data is NULL. */
	struct span least, limit;
};

struct check {
	const struct lmdb_file *file;
	const struct lmdb_meta *meta;
	const char *const *names; /* of tables, or NULL */
	struct str *problem;
	uint8_t *seen; /* a bit for each page up to meta->last_page */
	uint64_t used, free, records;
	uint64_t behind_end; /* free pages that the file has not got to */
	struct table *tables;
	size_t table_count, table_capacity;
	/* The tree under examination: */
	const char *name;
	bool is_free_tree;
	struct level levels[LMDB_MAX_DEPTH];
	unsigned depth;
	struct lmdb_tree found;
	int (*entry)(struct check *c, const struct lmdb_node *node);
	int (*compare)(struct span a, struct span b);
	uint64_t last_freeing; /* the last key of the free tree */
};

/* --- what is wrong -------------------------------------------------------------------------- */

static int complain(struct check *c, const char *format, ...) PRINTF_LIKE(2, 3);
static int complain_page(struct check *c, uint64_t page, const char *what);

static int complain(struct check *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	str_vprintf(c->problem, format, args);
	va_end(args);
	return -EUCLEAN;
}

static int complain_page(struct check *c, uint64_t page, const char *what)
{
	return complain(c, "%s: page %llu %s", c->name, (unsigned long long)page, what);
}

static int read_at(struct check *c, uint64_t page, size_t size, uint8_t *at)
{
	int result = lmdb_file_read(c->file, page, size, at);

	if (result == -EUCLEAN)
		return complain_page(c, page, "is behind the end of the file");
	if (result < 0)
		str_printf(c->problem, "%s: page %llu cannot be read: %s", c->name,
				(unsigned long long)page, strerror(-result));
	return result;
}

/* Each page may be met once. */
static int take_pages(struct check *c, uint64_t first, uint64_t count)
{
	if (first < LMDB_FIRST_PAGE || first > c->meta->last_page ||
			count > c->meta->last_page - first + 1)
		return complain_page(c, first, "is none that the file has");
	for (uint64_t page = first; page < first + count; page++) {
		if (c->seen[page / 8] & 1U << page % 8)
			return complain_page(c, page, "is used by something else too");
		c->seen[page / 8] = (uint8_t)(c->seen[page / 8] | 1U << page % 8);
	}
	return 0;
}

/* --- one tree ------------------------------------------------------------------------------- */

static int check_run(struct check *c, const struct lmdb_node *node)
{
	uint8_t header[LMDB_PAGE_HEADER];
	struct lmdb_page p;
	int result = read_at(c, node->child, sizeof(header), header);

	if (result < 0)
		return result;
	p = lmdb_page_view(header, sizeof(header));
	if (p.number != node->child || p.flags != LMDB_OVERFLOW)
		return complain_page(c, node->child, "is not the first of a large value");
	if (p.run < lmdb_run_pages(c->file, node->data_size))
		return complain_page(c, node->child, "begins fewer pages than its value needs");
	if (p.run > c->file->pages - node->child)
		return complain_page(c, node->child, "begins pages behind the end of the file");
	c->found.overflow_pages += p.run;
	return take_pages(c, node->child, p.run);
}

/* Are the keys in order, and between what the parents have said? */
static int check_order(struct check *c, const struct level *l, bool is_leaf)
{
	struct span before = l->least;
	struct lmdb_node node;

	for (unsigned i = is_leaf ? 0 : 1; i < l->page.count; i++) {
		int order;

		if (!lmdb_node_view(&l->page, i, is_leaf, &node))
			return complain_page(c, l->page.number, "has a node outside of it");
		if (c->is_free_tree && node.key.len != sizeof(uint64_t))
			return complain_page(c, l->page.number, "has a key that is no number");
		order = before.data != NULL ? c->compare(before, node.key) : -1;
		if (order > 0 || (order == 0 && (i > 0 || !is_leaf)))
			return complain_page(c, l->page.number, "has keys that are not in order");
		before = node.key;
	}
	if (l->limit.data != NULL && before.data != NULL && c->compare(before, l->limit) >= 0)
		return complain_page(c, l->page.number, "has keys that belong to the next page");
	return 0;
}

static int enter_page(struct check *c, uint64_t number, struct span least, struct span limit)
{
	struct level *l = &c->levels[c->depth];
	bool is_leaf = c->depth + 1 == c->found.depth;
	const char *what;
	int result;

	if (l->bytes == NULL)
		l->bytes = xmalloc(c->file->page_size);
	result = take_pages(c, number, 1);
	if (result == 0)
		result = read_at(c, number, c->file->page_size, l->bytes);
	if (result < 0)
		return result;
	l->page = lmdb_page_view(l->bytes, c->file->page_size);
	what = lmdb_page_problem(&l->page, number, is_leaf);
	if (what != NULL)
		return complain_page(c, number, what);
	/* The free tree may have a branch that leads to one page alone. */
	if (!is_leaf && l->page.count < 2 && !c->is_free_tree)
		return complain_page(c, number, "is a branch of one");
	l->next = 0;
	l->least = least;
	l->limit = limit;
	c->depth++;
	*(is_leaf ? &c->found.leaf_pages : &c->found.branch_pages) += 1;
	return check_order(c, l, is_leaf);
}

/* The next node of the lowest page: a page below it or an entry. */
static int step(struct check *c)
{
	struct level *l = &c->levels[c->depth - 1];
	bool is_leaf = c->depth == c->found.depth;
	struct span least = l->least, limit = l->limit;
	struct lmdb_node node, next;

	if (l->next == l->page.count) {
		c->depth--;
		return 0;
	}
	if (!lmdb_node_view(&l->page, l->next, is_leaf, &node))
		return complain_page(c, l->page.number, "has a node outside of it");
	l->next++;
	if (is_leaf) {
		c->found.entries++;
		return c->entry(c, &node);
	}
	if (l->next > 1)
		least = node.key;
	if (lmdb_node_view(&l->page, l->next, false, &next))
		limit = next.key;
	return enter_page(c, node.child, least, limit);
}

static int compare_counts(struct check *c, const struct lmdb_tree *said)
{
	const struct lmdb_tree *found = &c->found;

	if (said->entries != found->entries)
		return complain(c, "%s: has %llu records and says %llu", c->name,
				(unsigned long long)found->entries,
				(unsigned long long)said->entries);
	if (said->branch_pages != found->branch_pages || said->leaf_pages != found->leaf_pages ||
			said->overflow_pages != found->overflow_pages)
		return complain(c, "%s: has another number of pages than it says", c->name);
	c->used += found->branch_pages + found->leaf_pages + found->overflow_pages;
	return 0;
}

static int check_tree(struct check *c, const struct lmdb_tree *tree)
{
	struct span none = { NULL, 0 };
	int result = 0;

	c->found = (struct lmdb_tree){ .depth = tree->depth };
	c->depth = 0;
	if (tree->depth > LMDB_MAX_DEPTH || (tree->depth == 0) != (tree->root == LMDB_NO_PAGE))
		return complain(c, "%s: says a depth that cannot be", c->name);
	if (tree->depth > 0)
		result = enter_page(c, tree->root, none, none);
	while (result == 0 && c->depth > 0)
		result = step(c);
	return result < 0 ? result : compare_counts(c, tree);
}

/* --- the tables ----------------------------------------------------------------------------- */

static int check_record(struct check *c, const struct lmdb_node *node)
{
	if ((node->flags & ~LMDB_BIG_DATA) != 0)
		return complain(c, "%s: has a record of an unknown kind", c->name);
	return node->flags & LMDB_BIG_DATA ? check_run(c, node) : 0;
}

static bool is_known_table(const struct check *c, struct span name)
{
	const char *const *known = c->names;

	while (known != NULL && *known != NULL && !span_equal_text(name, *known))
		known++;
	return known == NULL || *known != NULL;
}

/* An entry of the main tree: all are tables. */
static int note_table(struct check *c, const struct lmdb_node *node)
{
	struct str shown = { 0 };
	struct table *t;

	if (node->flags != LMDB_SUB_TREE || node->data.len != LMDB_TREE_SIZE)
		return complain(c, "%s: has a record that is no table", c->name);
	c->tables = grow_array(c->tables, c->table_count, &c->table_capacity, sizeof(*c->tables));
	t = &c->tables[c->table_count++];
	str_append_text(&shown, "table ");
	str_append_escaped(&shown, node->key);
	*t = (struct table){ str_take(&shown), lmdb_tree_read(node->data.data) };
	if (!is_known_table(c, node->key))
		return complain(c, "%s: is none that is known", t->name);
	return 0;
}

static int check_tables(struct check *c)
{
	int result;

	c->name = "the list of tables";
	c->entry = note_table;
	c->compare = lmdb_key_compare;
	if (c->meta->main.flags != 0 || c->meta->main.pad != 0)
		return complain(c, "%s: is of an unknown kind", c->name);
	result = check_tree(c, &c->meta->main);
	c->entry = check_record;
	for (size_t i = 0; i < c->table_count && result == 0; i++) {
		c->name = c->tables[i].name;
		if (c->tables[i].tree.flags != 0 || c->tables[i].tree.pad != 0)
			return complain(c, "%s: is of an unknown kind", c->name);
		result = check_tree(c, &c->tables[i].tree);
		c->records += c->found.entries;
	}
	return result;
}

/* --- the free pages ------------------------------------------------------------------------- */

static int compare_numbers(struct span a, struct span b)
{
	uint64_t x = lmdb_key_number(a), y = lmdb_key_number(b);

	return x < y ? -1 : x > y;
}

/* The pages of one record, the highest first. */
static int check_list(struct check *c, struct span list)
{
	uint64_t count = lmdb_list_count(list), before = LMDB_NO_PAGE;

	if (list.len % sizeof(uint64_t) != 0 || list.len < sizeof(uint64_t) ||
			count != lmdb_u64(list.data))
		return complain(c, "%s: has a list of a length that cannot be", c->name);
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t page = lmdb_u64(list.data + i * sizeof(page));
		int result;

		if (page >= before)
			return complain_page(c, page, "is not in the order of the list");
		result = take_pages(c, page, 1);
		if (result < 0)
			return result;
		before = page;
		c->behind_end += page >= c->file->pages;
	}
	c->free += count;
	return 0;
}

static int check_freed(struct check *c, const struct lmdb_node *node)
{
	AUTO_FREE uint8_t *value = NULL;
	uint64_t page_bytes = LMDB_PAGE_HEADER + node->data_size;
	int result = check_record(c, node);

	c->last_freeing = lmdb_key_number(node->key);
	if (c->last_freeing == 0 || c->last_freeing > c->meta->txn)
		return complain(c, "%s: has a transaction that has not been", c->name);
	if (result < 0 || !(node->flags & LMDB_BIG_DATA))
		return result < 0 ? result : check_list(c, node->data);
	value = xmalloc(page_bytes); /* not more than the file: check_record() */
	result = read_at(c, node->child, page_bytes, value);
	return result < 0 ? result
			  : check_list(c, span_of(value + LMDB_PAGE_HEADER, node->data_size));
}

static int check_free_tree(struct check *c)
{
	c->name = "the list of free pages";
	c->is_free_tree = true;
	c->entry = check_freed;
	c->compare = compare_numbers;
	if (c->meta->free.flags != LMDB_INTEGER_KEYS)
		return complain(c, "%s: is of an unknown kind", c->name);
	return check_tree(c, &c->meta->free);
}

/*
 * A page that was set free in the transaction that first used it is not written. When that is the
 * last one, the file ends before it.
 */
static int check_length(struct check *c)
{
	uint64_t pages = c->meta->last_page + 1;
	uint64_t missing = pages > c->file->pages ? pages - c->file->pages : 0;

	if (missing > c->behind_end)
		return complain(c, "the file ends before page %llu, its last",
				(unsigned long long)c->meta->last_page);
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int check_metas(struct check *c)
{
	const struct lmdb_meta *metas = c->file->metas;

	for (int i = 0; i < 2; i++) {
		if (metas[i].problem != NULL)
			return complain(c, "meta page %d %s", i, metas[i].problem);
	}
	if (metas[0].free.pad != metas[1].free.pad)
		return complain(c, "the meta pages differ in the size of a page");
	if (metas[0].txn + metas[1].txn > 0 && metas[0].txn != metas[1].txn + 1 &&
			metas[1].txn != metas[0].txn + 1)
		return complain(c, "the meta pages are of transactions %llu and %llu",
				(unsigned long long)metas[0].txn, (unsigned long long)metas[1].txn);
	return 0;
}

/* Is the newest transaction the one that the meta pages say? */
static int check_transaction(struct check *c)
{
	const struct lmdb_meta *older = &c->file->metas[c->meta == &c->file->metas[0]];

	/* The first has nothing to set free. */
	if (c->meta->txn > 1 && c->last_freeing != c->meta->txn)
		return complain(c, "the newest meta page is of transaction %llu, its pages of %llu",
				(unsigned long long)c->meta->txn,
				(unsigned long long)c->last_freeing);
	if (lmdb_last_freeing(c->file, older) > older->txn)
		return complain(c, "the older meta page has pages of a newer transaction");
	return 0;
}

static int check_file(struct check *c, struct lmdb_check_summary *ret)
{
	const struct lmdb_meta *metas = c->file->metas;
	int result = check_metas(c);

	if (result < 0)
		return result;
	c->meta = &metas[metas[1].txn > metas[0].txn];
	/* What cannot be free because no list is long enough: no memory is spent on it. */
	if (c->meta->last_page / c->file->page_size > c->file->pages)
		return check_length(c);
	c->seen = xcalloc(1, c->meta->last_page / 8 + 1);
	result = check_tables(c);
	if (result == 0)
		result = check_free_tree(c);
	if (result == 0)
		result = check_length(c);
	if (result == 0)
		result = check_transaction(c);
	if (result == 0)
		*ret = (struct lmdb_check_summary){
			.pages = c->file->pages,
			.page_size = c->file->page_size,
			.used = LMDB_FIRST_PAGE + c->used,
			.free = c->free,
			.leaked = c->meta->last_page + 1 - LMDB_FIRST_PAGE - c->used - c->free,
			.records = c->records,
		};
	return result;
}

int lmdb_check_tables(const char *path, const char *const *tables, struct lmdb_check_summary *ret,
		struct str *problem)
{
	struct check c = { .problem = problem, .names = tables };
	struct lmdb_file file;
	int result = lmdb_file_open(&file, path);

	if (result < 0) {
		str_append_text(problem,
				result == -EUCLEAN ? "it is no file of LMDB" : strerror(-result));
		return result;
	}
	c.file = &file;
	result = check_file(&c, ret);
	for (size_t i = 0; i < c.table_count; i++)
		free(c.tables[i].name);
	free(c.tables);
	for (size_t i = 0; i < array_size(c.levels); i++)
		free(c.levels[i].bytes);
	free(c.seen);
	lmdb_file_close(&file);
	return result;
}

int lmdb_check(const char *path, struct lmdb_check_summary *ret, struct str *problem)
{
	return lmdb_check_tables(path, NULL, ret, problem);
}
