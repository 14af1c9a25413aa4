/* SPDX-License-Identifier: MIT */
/*
 * A file of LMDB with three tables, and random work on it: records of all sizes that have
 * checksums, so that one that has changed is told from one that has not.
 */
#ifndef TESTS_UNIT_COMMON_LMDB_FIXTURE_H
#define TESTS_UNIT_COMMON_LMDB_FIXTURE_H

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/hash.h"
#include "common/lmdb.h"
#include "common/lmdb_check.h"

enum { TABLES = 3, CHECKSUM = 4 };

static const char *const names[TABLES + 1] = { "apples", "pears", "plums" };

static const struct lmdb_options options = {
	.map_size = 1 << 20, .map_limit = 256 << 20, .tables = TABLES, .mode = 0600
};

struct fixture {
	char folder[64], path[80];
	struct lmdb *db;
	unsigned tables[TABLES];
	struct dice dice;
	/* What the next update does: */
	uint32_t keys, count, largest, removals; /* of a hundred */
	struct str problem;
	struct lmdb_check_summary summary;
};

static inline void open_all(struct fixture *f)
{
	assert_int_equal(lmdb_open(f->folder, &options, &f->db), 0);
	for (int i = 0; i < TABLES; i++)
		assert_int_equal(lmdb_table(f->db, names[i], &f->tables[i]), 0);
}

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	/* In memory where that can be: some of the tests commit a thousand times. */
	strcpy(f->folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/belfry-lmdb-XXXXXX"
							: "/tmp/belfry-lmdb-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/data.mdb", f->folder);
	open_all(f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char path[128];

	lmdb_close(f->db);
	unlink(f->path);
	snprintf(path, sizeof(path), "%s/lock.mdb", f->folder);
	unlink(path);
	rmdir(f->folder);
	str_finish(&f->problem);
	free(f);
	return 0;
}

/* --- records with a checksum ---------------------------------------------------------------- */

static inline uint32_t checksum(struct span key, const uint8_t *value, size_t size)
{
	return hash_span(hash_span(1, key), span_of(value, size));
}

static inline bool record_is_good(struct span key, struct span value)
{
	uint32_t sum;

	if (value.len < CHECKSUM)
		return false;
	memcpy(&sum, value.data + value.len - CHECKSUM, CHECKSUM);
	return sum == checksum(key, value.data, value.len - CHECKSUM);
}

static inline int put_random(
		struct MDB_txn *txn, struct fixture *f, unsigned table, struct span key)
{
	uint8_t value[40000];
	uint32_t limit = dice_roll(&f->dice, 8) > 0 ? 60 : f->largest, sum;
	size_t size = dice_roll(&f->dice, limit);

	memset(value, (int)dice_roll(&f->dice, 256), size);
	sum = checksum(key, value, size);
	memcpy(value + size, &sum, CHECKSUM);
	return lmdb_put(txn, table, key, span_of(value, size + CHECKSUM));
}

static inline int remove_some(struct MDB_txn *txn, unsigned table, struct span key, uint32_t count)
{
	struct lmdb_cursor c;
	int r = lmdb_cursor_open(txn, table, &c);

	r = r < 0 ? r : lmdb_cursor_seek(&c, key);
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		r = lmdb_cursor_delete(&c);
		if (r == 0)
			r = lmdb_cursor_next(&c);
	}
	lmdb_cursor_close(&c);
	return r == -ENOENT ? 0 : r;
}

static inline int work_randomly(struct MDB_txn *txn, void *owner)
{
	struct fixture *f = owner;
	int r = 0;

	for (uint32_t i = 0; i < f->count && r == 0; i++) {
		unsigned table = f->tables[dice_roll(&f->dice, TABLES)];
		char text[40];
		struct span key = span_of(text, 0);

		key.len = (size_t)snprintf(text, sizeof(text), "%u", dice_roll(&f->dice, f->keys));
		if (dice_roll(&f->dice, 100) < f->removals)
			r = remove_some(txn, table, key, 1 + dice_roll(&f->dice, 20));
		else
			r = put_random(txn, f, table, key);
	}
	return r;
}

static inline void update(struct fixture *f, uint32_t keys, uint32_t count, uint32_t removals)
{
	f->keys = keys;
	f->count = count;
	f->removals = removals;
	assert_int_equal(lmdb_update(f->db, work_randomly, f), 0);
}

/* What LMDB reads: a hash of all good records and how many others there are. */
struct contents {
	uint64_t hash, good, bad;
};

static inline void add_record(struct contents *all, struct span key, struct span value)
{
	if (!record_is_good(key, value)) {
		all->bad++;
		return;
	}
	all->hash = (uint64_t)hash_span(all->hash, key) << 32 | hash_span(all->hash, value);
	all->good++;
}

static inline struct contents read_all(struct fixture *f)
{
	struct contents all = { 0 };
	struct MDB_txn *txn;
	struct lmdb_cursor c;

	assert_int_equal(lmdb_read_begin(f->db, &txn), 0);
	for (int i = 0; i < TABLES; i++) {
		assert_int_equal(lmdb_cursor_open(txn, f->tables[i], &c), 0);
		for (int r = lmdb_cursor_first(&c); r == 0; r = lmdb_cursor_next(&c))
			add_record(&all, c.key, c.value);
		lmdb_cursor_close(&c);
	}
	lmdb_read_end(f->db, txn);
	return all;
}

static inline uint8_t exchange_byte(int fd, off_t at, uint8_t value)
{
	uint8_t before;

	assert_int_equal(pread(fd, &before, 1, at), 1);
	assert_int_equal(pwrite(fd, &value, 1, at), 1);
	return before;
}

#endif
