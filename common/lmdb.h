/* SPDX-License-Identifier: MIT */
/*
 * A thin seam over LMDB: an ordered map on disk, in one file, several tables.
 *
 * What LMDB promises, opened as it is here: a commit that returned 0 is on disk, and a process
 * that is killed or a machine that loses power at any instant finds the last commit again, whole,
 * without a recovery run. There is one writer at a time; readers see the state as of their begin,
 * never wait for the writer and never make it wait. What it asks in return: reads must be short,
 * because the pages a reader may look at cannot be reused, and spans read are valid only until
 * the transaction ends.
 *
 * The file is mapped; the map has a size, doubled when it is full up to a limit. The file itself
 * only grows to what was used at its peak and does not shrink.
 *
 * Threads: everything but open and close may be called from any thread. Results are 0 or -errno:
 * -ENOENT no such key, -EEXIST append out of order, -ENOSPC the map limit or the disk is
 * exhausted, -EUCLEAN the file is damaged or not ours.
 *
 * After a commit that failed, nobody knows what of it is on disk: who goes on closes the
 * environment, opens it again and looks at lmdb_last_commit().
 */
#ifndef COMMON_LMDB_H
#define COMMON_LMDB_H

#include <sys/types.h>

#include "common/span.h"

struct MDB_txn;
struct MDB_cursor;
struct lmdb;

struct lmdb_options {
	size_t map_size;  /* to begin with */
	size_t map_limit; /* what it may grow to */
	unsigned tables;
	mode_t mode; /* of the files */
};

/* Open or create the environment in the existing `folder`. */
int lmdb_open(const char *folder, const struct lmdb_options *options, struct lmdb **ret);
void lmdb_close(struct lmdb *db);

/* Open or create a table; the number is good until lmdb_close(). Done at start. */
int lmdb_table(struct lmdb *db, const char *name, unsigned *ret_table);

/*
 * Run `work` in a write transaction and commit what it did when it returns 0, else undo it and
 * return its result. When the map turns out to be full, the work is undone, the map grown and
 * `work` called again, so it must be repeatable.
 */
int lmdb_update(struct lmdb *db, int (*work)(struct MDB_txn *txn, void *owner), void *owner);

/* Between these two, the state as of the begin may be read. Never keep one open while waiting. */
int lmdb_read_begin(struct lmdb *db, struct MDB_txn **ret_txn);
void lmdb_read_end(struct lmdb *db, struct MDB_txn *txn);

int lmdb_get(struct MDB_txn *txn, unsigned table, struct span key, struct span *ret_value);
int lmdb_put(struct MDB_txn *txn, unsigned table, struct span key, struct span value);

/*
 * Put, and return where the value of `size` bytes is to be written, at once, before the next call.
 * What was there before is gone.
 */
int lmdb_reserve(struct MDB_txn *txn, unsigned table, struct span key, size_t size,
		uint8_t **ret_value);

/* The same without a search, for a key behind all others. -EEXIST: it is not. */
int lmdb_append(struct MDB_txn *txn, unsigned table, struct span key, size_t size,
		uint8_t **ret_value);

/* -ENOENT when it is not there. */
int lmdb_delete(struct MDB_txn *txn, unsigned table, struct span key);

/* What the pages of the table occupy in the file. */
int lmdb_table_bytes(struct MDB_txn *txn, unsigned table, uint64_t *ret);

/* The pages of all tables that were opened, and of what holds them together. */
int lmdb_used_bytes(struct MDB_txn *txn, uint64_t *ret);

/* The size of the file, with the pages that are free to be used again. */
int lmdb_file_bytes(struct lmdb *db, uint64_t *ret);

/* Is what is written to still the file of the folder of that name? 0 or -ESTALE. */
int lmdb_check_place(struct lmdb *db, const char *folder);

/* The number of the last commit that is in the file: counted from the first, by all processes. */
int lmdb_last_commit(struct lmdb *db, uint64_t *ret);

/*
 * Write all of it, as of now, to the open file, which is empty, while others read and write; with
 * `compact` without free pages, which takes longer. It is not synced.
 */
int lmdb_copy(struct lmdb *db, int fd, bool compact);

/* A place in a table. After each call that returned 0, key and value are those of the place. */
struct lmdb_cursor {
	struct MDB_cursor *at;
	struct span key;
	struct span value;
};

int lmdb_cursor_open(struct MDB_txn *txn, unsigned table, struct lmdb_cursor *c);
/* Close it before its transaction ends. */
void lmdb_cursor_close(struct lmdb_cursor *c);
int lmdb_cursor_first(struct lmdb_cursor *c);
int lmdb_cursor_last(struct lmdb_cursor *c);
int lmdb_cursor_next(struct lmdb_cursor *c);
/* The first key that is not before `key`. */
int lmdb_cursor_seek(struct lmdb_cursor *c, struct span key);
/* Remove the entry at the cursor; lmdb_cursor_next() then goes to the one behind it. */
int lmdb_cursor_delete(struct lmdb_cursor *c);

#endif
