/* SPDX-License-Identifier: MIT */
/*
 * The file of LMDB 0.9 as it lies on disk, read without LMDB, which trusts every byte of it: a
 * damaged page would make it crash or read wrongly, and this never.
 *
 *     page 0, 1      the two meta pages: transaction N has written number N & 1
 *     page 2 ...     branch and leaf pages of trees; runs of pages that hold one large value each;
 *                    pages that are free
 *
 *     meta ──▶ free tree: transaction ──▶ list of the pages that it has set free
 *          └─▶ main tree: name ──▶ another tree, the table of that name ──▶ records
 *
 *     page: number(8) pad(2) flags(2) lower(2) upper(2) | offsets of nodes ... lower
 *           ... nothing ...   upper | nodes, in no order, without gaps
 *     node: low(2) high(2) flags(2) key size(2) key, then in a leaf the data
 *
 * A branch node has the number of its page in low, high and flags; its key is the least that its
 * page may have, and the first one's counts for nothing. A leaf node has the size of its data in
 * low and high; when that is large, the data is the number of the first page of a run.
 *
 * Numbers are in the byte order and of the size of the machine that wrote them: 64 bits.
 */
#ifndef COMMON_LMDB_PAGE_H
#define COMMON_LMDB_PAGE_H

#include "common/span.h"

enum {
	LMDB_PAGE_HEADER = 16,
	LMDB_MIN_PAGE_SIZE = 512,
	LMDB_MAX_PAGE_SIZE = 32768,
	LMDB_MAX_KEY = 511,
	LMDB_MAX_DEPTH = 32,
	LMDB_FIRST_PAGE = 2, /* behind the meta pages */
};

enum lmdb_page_flag {
	LMDB_BRANCH = 1,
	LMDB_LEAF = 2,
	LMDB_OVERFLOW = 4,
	LMDB_META = 8,
};

enum lmdb_node_flag {
	LMDB_BIG_DATA = 1, /* in a run of pages */
	LMDB_SUB_TREE = 2,
};

enum { LMDB_INTEGER_KEYS = 8 }; /* flags of the free tree */

static const uint64_t LMDB_NO_PAGE = UINT64_MAX;

/* What is known of a tree. */
struct lmdb_tree {
	uint32_t pad; /* of the free tree: the size of a page */
	uint16_t flags, depth;
	uint64_t branch_pages, leaf_pages, overflow_pages, entries;
	uint64_t root; /* LMDB_NO_PAGE: the tree is empty */
};

enum { LMDB_TREE_SIZE = 48 };

struct lmdb_tree lmdb_tree_read(const uint8_t at[LMDB_TREE_SIZE]);

struct lmdb_meta {
	const char *problem; /* NULL: it may be what it says */
	uint64_t map_size, last_page, txn;
	struct lmdb_tree free, main;
};

struct lmdb_file {
	int fd;
	size_t page_size;
	uint64_t pages; /* whole ones that the file has */
	struct lmdb_meta metas[2];
};

/*
 * Open it for reading and look at the meta pages. 0, or -errno: -EUCLEAN when neither of them is
 * one. The file then needs no closing.
 */
int lmdb_file_open(struct lmdb_file *f, const char *path);
void lmdb_file_close(struct lmdb_file *f);

/* Read `size` bytes from the page on: 0, -EUCLEAN when they are not in the file, or -errno. */
int lmdb_file_read(const struct lmdb_file *f, uint64_t page, size_t size, uint8_t *at);

struct lmdb_page {
	const uint8_t *at;
	size_t size;
	uint64_t number;
	uint16_t flags, lower, upper;
	unsigned count; /* of nodes; 0 when `lower` cannot be */
	uint32_t run;	/* of LMDB_OVERFLOW: how many pages belong together */
};

/* What the page's header says, true or not; `at` has `size` bytes, LMDB_PAGE_HEADER at least. */
struct lmdb_page lmdb_page_view(const uint8_t *at, size_t size);

struct lmdb_node {
	size_t offset, size; /* where it lies in its page; even */
	uint16_t flags;
	struct span key;
	uint64_t child;	    /* of a branch node: its page; of big data: the first page of the run */
	struct span data;   /* of a leaf node, unless big */
	uint64_t data_size; /* big or not */
};

/* False when the node does not lie in its page. It borrows from the page. */
bool lmdb_node_view(const struct lmdb_page *p, unsigned index, bool is_leaf, struct lmdb_node *ret);

/*
 * Is the page, at its place `number`, in itself what a leaf or a branch has to be? NULL, or what
 * is wrong with it. Of its keys, only the size is looked at.
 */
const char *lmdb_page_problem(const struct lmdb_page *p, uint64_t number, bool is_leaf);

/* How many pages a value of that size needs when it has a run of its own. */
uint64_t lmdb_run_pages(const struct lmdb_file *f, uint64_t size);

/* The order of keys: bytes, the shorter first; or those of the free tree, numbers of 8 bytes. */
int lmdb_key_compare(struct span a, struct span b);
uint64_t lmdb_key_number(struct span key);

/*
 * A record of the free tree is a count and as many numbers of pages; room behind them is not used.
 * The count, no higher than there is room for.
 */
uint64_t lmdb_list_count(struct span list);

/*
 * The last key of the meta page's free tree, 0 when that is empty or cannot be read. It is the
 * transaction's number, because each but the first sets some page free, and so a second witness to
 * which is the newer.
 */
uint64_t lmdb_last_freeing(const struct lmdb_file *f, const struct lmdb_meta *meta);

/* Has the last transaction of that meta page set the page free? */
bool lmdb_has_just_freed(const struct lmdb_file *f, const struct lmdb_meta *meta, uint64_t page);

/* Numbers as the file has them. */
static inline uint16_t lmdb_u16(const uint8_t *at)
{
	uint16_t n;

	memcpy(&n, at, sizeof(n));
	return n;
}

static inline uint32_t lmdb_u32(const uint8_t *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return n;
}

static inline uint64_t lmdb_u64(const uint8_t *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof(n));
	return n;
}

#endif
