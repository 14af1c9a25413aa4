/* SPDX-License-Identifier: MIT */
#include "broker/store/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#include "broker/store/layout.h"
#include "common/folder.h"
#include "common/store_folder.h"

static const size_t map_start = 64 << 20;

/* Only addresses are taken; what bounds the file is max_bytes (store.h) or the disk. */
static const size_t map_limit = (size_t)1 << 44;

static int open_table(struct environment *e, enum store_table table)
{
	return lmdb_table(e->db, store_table_name(table), &e->tables[table]);
}

/* In a newer layout our tables may mean something else: it is left as it is. */
static int check_layout(struct environment *e)
{
	struct MDB_txn *txn;
	int r = lmdb_read_begin(e->db, &txn);

	if (r < 0)
		return r;
	r = layout_check(txn, e->tables[STORE_META]);
	lmdb_read_end(e->db, txn);
	return r;
}

static int open_tables(struct environment *e)
{
	int r = open_table(e, STORE_META);

	if (r == 0)
		r = check_layout(e);
	for (unsigned i = STORE_META + 1; r == 0 && i < STORE_TABLES; i++)
		r = open_table(e, (enum store_table)i);
	return r;
}

static int open_database(struct environment *e)
{
	const struct lmdb_options options = {
		.map_size = map_start,
		.map_limit = map_limit,
		.tables = STORE_TABLES,
		.mode = 0600,
	};
	int r = lmdb_open(e->folder, &options, &e->db);

	if (r < 0) {
		e->db = NULL;
		return r;
	}
	r = open_tables(e);
	if (r < 0)
		environment_close(e);
	return r;
}

/* LMDB calls it an I/O error when a write comes to an end where the disk does. */
static int name_error(const struct environment *e, int error)
{
	struct statvfs disk;

	if (error == -EIO && statvfs(e->folder, &disk) == 0 && disk.f_bavail == 0)
		return -ENOSPC;
	return error;
}

int environment_open(struct environment *e, const char *folder)
{
	struct layout_plan plan = layout_plan(e->tables);
	int r;

	e->folder = folder;
	store_folder_remove(folder, STORE_COPY_FILE); /* of a process that was killed */
	r = open_database(e);
	if (r == 0)
		r = lmdb_update(e->db, layout_settle, &plan);
	if (r == 0)
		r = folder_sync(folder);
	if (r == 0)
		r = lmdb_last_commit(e->db, &e->last_commit);
	if (r < 0)
		environment_close(e);
	return name_error(e, r);
}

void environment_close(struct environment *e)
{
	lmdb_close(e->db);
	e->db = NULL;
}

int environment_reopen(struct environment *e)
{
	uint64_t found = 0;
	int r;

	environment_close(e);
	if (store_folder_file_size(e->folder, STORE_FILE) == 0)
		return -ESTALE; /* a new one would have nothing of what memory has */
	r = open_database(e);
	if (r == 0)
		r = lmdb_last_commit(e->db, &found);
	if (r == 0 && found < e->last_commit)
		r = -ESTALE;
	if (r < 0) {
		environment_close(e);
		return r;
	}
	if (e->is_doubtful || found != e->last_commit)
		return environment_compact(e);
	return 0;
}

int environment_update(
		struct environment *e, int (*work)(struct MDB_txn *txn, void *owner), void *owner)
{
	int r = e->db != NULL ? lmdb_update(e->db, work, owner) : -EIO;

	return r < 0 ? name_error(e, r) : lmdb_last_commit(e->db, &e->last_commit);
}

/* A copy that is on disk, under another name. */
static int write_copy(struct environment *e)
{
	AUTO_CLOSE int fd = store_folder_create(e->folder, STORE_COPY_FILE);
	int r;

	if (fd < 0)
		return fd;
	r = lmdb_copy(e->db, fd, true);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

/*
 * The lock file knows what number the next commit has, as long as a process has it open; the new
 * file begins to count anew, so it gets a new one. Who reads the old file keeps both.
 */
static int swap_files(struct environment *e)
{
	int r;

	environment_close(e);
	e->is_doubtful = true;
	store_folder_remove(e->folder, STORE_READERS_FILE);
	r = store_folder_rename(e->folder, STORE_COPY_FILE, STORE_FILE);
	if (r == 0)
		e->last_commit = 0;
	if (r == 0)
		r = folder_sync(e->folder);
	if (r == 0)
		r = open_database(e);
	if (r == 0)
		r = lmdb_last_commit(e->db, &e->last_commit);
	e->is_doubtful = r < 0;
	return r;
}

int environment_compact(struct environment *e)
{
	AUTO_CLOSE int folder = open(e->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = folder < 0 ? -errno : 0;

	if (r == 0)
		r = write_copy(e);
	if (r == 0 && flock(folder, LOCK_EX | LOCK_NB) < 0)
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (r == 0)
		return swap_files(e);
	store_folder_remove(e->folder, STORE_COPY_FILE);
	return r;
}

int environment_size(struct environment *e, struct environment_size *ret)
{
	struct MDB_txn *txn = NULL;
	int r = lmdb_check_place(e->db, e->folder);

	if (r == 0)
		r = lmdb_read_begin(e->db, &txn);
	if (r < 0)
		return r;
	r = lmdb_used_bytes(txn, &ret->used);
	lmdb_read_end(e->db, txn);
	return r < 0 ? r : lmdb_file_bytes(e->db, &ret->file);
}
