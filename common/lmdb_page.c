/* SPDX-License-Identifier: MIT */
#include "common/lmdb_page.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/mem.h"

enum {
	META_SIZE = 136,
	MAGIC = (int)0xBEEFC0DE,
	FORMAT = 1,
	NODE_HEADER = 8,
	PAGE_NUMBER = 8, /* bytes */
};

_Static_assert(sizeof(size_t) == 8, "the page numbers of LMDB are as wide as size_t");

static bool is_page_size(uint32_t n)
{
	return n >= LMDB_MIN_PAGE_SIZE && n <= LMDB_MAX_PAGE_SIZE && (n & (n - 1)) == 0;
}

struct lmdb_tree lmdb_tree_read(const uint8_t at[LMDB_TREE_SIZE])
{
	return (struct lmdb_tree){
		.pad = lmdb_u32(at),
		.flags = lmdb_u16(at + 4),
		.depth = lmdb_u16(at + 6),
		.branch_pages = lmdb_u64(at + 8),
		.leaf_pages = lmdb_u64(at + 16),
		.overflow_pages = lmdb_u64(at + 24),
		.entries = lmdb_u64(at + 32),
		.root = lmdb_u64(at + 40),
	};
}

/* --- meta pages ----------------------------------------------------------------------------- */

static const char *meta_problem(const uint8_t *at, unsigned place, const struct lmdb_meta *m)
{
	if (lmdb_u64(at) != place)
		return "has another page's number";
	if (lmdb_u16(at + 10) != LMDB_META)
		return "is not marked as such";
	if (lmdb_u32(at + 16) != (uint32_t)MAGIC || lmdb_u32(at + 20) != FORMAT)
		return "is none of LMDB 0.9";
	if (lmdb_u64(at + 24) != 0)
		return "wants a fixed address";
	if (!is_page_size(m->free.pad))
		return "has no size of a page";
	if (m->map_size % m->free.pad != 0 || m->last_page >= m->map_size / m->free.pad)
		return "has more pages than its map";
	if (m->last_page < LMDB_FIRST_PAGE - 1)
		return "has no last page";
	if (m->txn > 0 && (m->txn & 1) != place)
		return "has the number of a transaction that is written to the other";
	return NULL;
}

static struct lmdb_meta meta_read(int fd, off_t offset, unsigned place)
{
	struct lmdb_meta m = { .problem = "cannot be read" };
	uint8_t at[LMDB_PAGE_HEADER + META_SIZE];

	if (pread(fd, at, sizeof(at), offset) != (ssize_t)sizeof(at))
		return m;
	m.map_size = lmdb_u64(at + 32);
	m.free = lmdb_tree_read(at + 40);
	m.main = lmdb_tree_read(at + 88);
	m.last_page = lmdb_u64(at + 136);
	m.txn = lmdb_u64(at + 144);
	m.problem = meta_problem(at, place, &m);
	return m;
}

/* Is the second meta page where it is when pages have this size? */
static bool try_page_size(struct lmdb_file *f, uint32_t size)
{
	struct lmdb_meta m = meta_read(f->fd, (off_t)size, 1);

	if (m.problem != NULL || m.free.pad != size)
		return false;
	f->metas[1] = m;
	f->page_size = size;
	return true;
}

/* The first one is at the beginning and says where the second is; else that is searched for. */
static int read_metas(struct lmdb_file *f)
{
	uint32_t said;

	f->metas[0] = meta_read(f->fd, 0, 0);
	said = f->metas[0].free.pad;
	if (is_page_size(said) && try_page_size(f, said))
		return 0;
	for (uint32_t size = LMDB_MIN_PAGE_SIZE; size <= LMDB_MAX_PAGE_SIZE; size *= 2) {
		if (try_page_size(f, size)) {
			if (f->metas[0].problem == NULL)
				f->metas[0].problem = "has another size of pages than the other";
			return 0;
		}
	}
	if (f->metas[0].problem != NULL)
		return -EUCLEAN;
	f->page_size = said;
	f->metas[1] = meta_read(f->fd, (off_t)said, 1);
	if (f->metas[1].problem == NULL)
		f->metas[1].problem = "has another size of pages than the other";
	return 0;
}

int lmdb_file_open(struct lmdb_file *f, const char *path)
{
	struct stat status;
	int result;

	*f = (struct lmdb_file){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (f->fd < 0)
		return -errno;
	result = fstat(f->fd, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EUCLEAN;
	if (result == 0)
		result = read_metas(f);
	if (result == 0)
		f->pages = (uint64_t)status.st_size / f->page_size;
	else
		lmdb_file_close(f);
	return result;
}

void lmdb_file_close(struct lmdb_file *f)
{
	close_fd_at(&f->fd);
	f->fd = -1;
}

int lmdb_file_read(const struct lmdb_file *f, uint64_t page, size_t size, uint8_t *at)
{
	size_t done = 0;

	if (page >= f->pages || (size + f->page_size - 1) / f->page_size > f->pages - page)
		return -EUCLEAN;
	while (done < size) {
		ssize_t n = pread(
				f->fd, at + done, size - done, (off_t)(page * f->page_size + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EUCLEAN;
		done += (size_t)n;
	}
	return 0;
}

/* --- pages ---------------------------------------------------------------------------------- */

struct lmdb_page lmdb_page_view(const uint8_t *at, size_t size)
{
	struct lmdb_page p = {
		.at = at,
		.size = size,
		.number = lmdb_u64(at),
		.flags = lmdb_u16(at + 10),
		.lower = lmdb_u16(at + 12),
		.upper = lmdb_u16(at + 14),
		.run = lmdb_u32(at + 12),
	};

	if (p.lower >= LMDB_PAGE_HEADER && p.lower <= size)
		p.count = (p.lower - LMDB_PAGE_HEADER) / 2U;
	return p;
}

static uint64_t branch_child(const uint8_t *at)
{
	return lmdb_u32(at) | (uint64_t)lmdb_u16(at + 4) << 32;
}

/* The two halves of a size are low first on machines of both byte orders. */
static uint32_t data_size(const uint8_t *at)
{
	return lmdb_u32(at);
}

bool lmdb_node_view(const struct lmdb_page *p, unsigned index, bool is_leaf, struct lmdb_node *ret)
{
	struct lmdb_node n = { 0 };
	size_t room, data = 0;
	const uint8_t *at;

	if (index >= p->count)
		return false;
	n.offset = lmdb_u16(p->at + LMDB_PAGE_HEADER + 2 * (size_t)index);
	if (n.offset % 2 != 0 || n.offset < p->lower || n.offset > p->size - NODE_HEADER)
		return false;
	at = p->at + n.offset;
	room = p->size - n.offset - NODE_HEADER;
	n.key = span_of(at + NODE_HEADER, lmdb_u16(at + 6));
	if (n.key.len > room)
		return false;
	if (is_leaf) {
		n.flags = lmdb_u16(at + 4);
		n.data_size = data_size(at);
		data = n.flags & LMDB_BIG_DATA ? PAGE_NUMBER : n.data_size;
		if (data > room - n.key.len)
			return false;
		n.data = span_of(n.key.data + n.key.len, data);
		if (n.flags & LMDB_BIG_DATA) {
			n.child = lmdb_u64(n.data.data);
			n.data = (struct span){ NULL, 0 };
		}
	} else {
		n.child = branch_child(at);
	}
	n.size = (NODE_HEADER + n.key.len + data + 1) & ~(size_t)1;
	*ret = n;
	return n.size <= p->size - n.offset;
}

/* Do nodes lie side by side, from `upper` to the end, without gap and overlap? */
static bool nodes_fill(const struct lmdb_page *p, bool is_leaf)
{
	uint8_t starts[LMDB_MAX_PAGE_SIZE / 2 / 8 + 1] = { 0 };
	size_t offset = p->upper;
	struct lmdb_node n;

	for (unsigned i = 0; i < p->count; i++) {
		size_t slot;

		if (!lmdb_node_view(p, i, is_leaf, &n) || n.offset < p->upper)
			return false;
		slot = n.offset / 2;
		if (starts[slot / 8] & 1U << slot % 8)
			return false;
		starts[slot / 8] = (uint8_t)(starts[slot / 8] | 1U << slot % 8);
		offset += n.size;
	}
	if (offset != p->size || !(starts[p->upper / 16] & 1U << p->upper / 2 % 8))
		return false;
	/*
	 * They are as many bytes as there are. When one starts at `upper` and each ends where one
	 * starts, those that follow each other from there fill the page, and there are no others.
	 */
	for (unsigned i = 0; i < p->count; i++) {
		size_t end;

		if (!lmdb_node_view(p, i, is_leaf, &n))
			return false;
		end = (n.offset + n.size) / 2;
		if (end < p->size / 2 && !(starts[end / 8] & 1U << end % 8))
			return false;
	}
	return true;
}

static const char *key_sizes_problem(const struct lmdb_page *p, bool is_leaf)
{
	struct lmdb_node n;

	for (unsigned i = 0; i < p->count; i++) {
		if (!lmdb_node_view(p, i, is_leaf, &n))
			return "has a node that lies outside of it";
		if (n.key.len > LMDB_MAX_KEY || (n.key.len == 0 && (is_leaf || i > 0)))
			return "has a key of a size that none has";
	}
	return NULL;
}

const char *lmdb_page_problem(const struct lmdb_page *p, uint64_t number, bool is_leaf)
{
	if (p->number != number)
		return "has another page's number";
	if (p->flags != (is_leaf ? LMDB_LEAF : LMDB_BRANCH))
		return is_leaf ? "is no leaf" : "is no branch";
	if (p->lower < LMDB_PAGE_HEADER || p->lower % 2 != 0 || p->upper % 2 != 0 ||
			p->upper < p->lower || p->upper > p->size)
		return "has bounds that cannot be";
	if (p->count == 0)
		return "is empty";
	if (!nodes_fill(p, is_leaf))
		return "has nodes that overlap or lie outside of it";
	return key_sizes_problem(p, is_leaf);
}

uint64_t lmdb_run_pages(const struct lmdb_file *f, uint64_t size)
{
	return (LMDB_PAGE_HEADER - 1 + size) / f->page_size + 1;
}

/* --- keys ----------------------------------------------------------------------------------- */

int lmdb_key_compare(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int result = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;

	if (result != 0)
		return result;
	return a.len < b.len ? -1 : a.len > b.len;
}

uint64_t lmdb_key_number(struct span key)
{
	return key.len == sizeof(uint64_t) ? lmdb_u64(key.data) : 0;
}

/* --- the free tree -------------------------------------------------------------------------- */

uint64_t lmdb_list_count(struct span list)
{
	uint64_t room = list.len / sizeof(room);

	if (room == 0)
		return 0;
	return lmdb_u64(list.data) < room ? lmdb_u64(list.data) : room - 1;
}

/* The last record of the free tree. It borrows from `bytes`, which has the size of a page. */
static bool last_free_record(const struct lmdb_file *f, const struct lmdb_meta *meta,
		uint8_t *bytes, struct lmdb_node *ret)
{
	uint64_t number = meta->free.root;

	if (meta->free.depth == 0 || meta->free.depth > LMDB_MAX_DEPTH)
		return false;
	for (unsigned left = meta->free.depth; left > 0; left--) {
		struct lmdb_page p;

		if (lmdb_file_read(f, number, f->page_size, bytes) < 0)
			return false;
		p = lmdb_page_view(bytes, f->page_size);
		if (lmdb_page_problem(&p, number, left == 1) != NULL ||
				!lmdb_node_view(&p, p.count - 1, left == 1, ret))
			return false;
		number = ret->child;
	}
	return true;
}

uint64_t lmdb_last_freeing(const struct lmdb_file *f, const struct lmdb_meta *meta)
{
	AUTO_FREE uint8_t *bytes = xmalloc(f->page_size);
	struct lmdb_node node;

	return last_free_record(f, meta, bytes, &node) ? lmdb_key_number(node.key) : 0;
}

static bool list_has(struct span list, uint64_t page)
{
	for (uint64_t i = 1; i <= lmdb_list_count(list); i++) {
		if (lmdb_u64(list.data + i * sizeof(page)) == page)
			return true;
	}
	return false;
}

bool lmdb_has_just_freed(const struct lmdb_file *f, const struct lmdb_meta *meta, uint64_t page)
{
	AUTO_FREE uint8_t *bytes = xmalloc(f->page_size);
	AUTO_FREE uint8_t *value = NULL;
	struct lmdb_node node;
	size_t size;

	if (!last_free_record(f, meta, bytes, &node))
		return false;
	if (!(node.flags & LMDB_BIG_DATA))
		return list_has(node.data, page);
	size = LMDB_PAGE_HEADER + node.data_size;
	if (size / f->page_size >= f->pages)
		return false;
	value = xmalloc(size);
	if (lmdb_file_read(f, node.child, size, value) < 0)
		return false;
	return list_has(span_of(value + LMDB_PAGE_HEADER, node.data_size), page);
}
