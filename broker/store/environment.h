/* SPDX-License-Identifier: MIT */
/*
 * The LMDB environment of a store's folder: opened with all its tables and in this version's
 * layout, opened anew after an error, and copied into a smaller file when most of it is free.
 *
 * After a failed commit there are two questions that LMDB does not answer: is what is in the page
 * cache on disk, and did the commit succeed after all? So nothing of the old environment is used
 * any more, and when the new one turns out to hold a commit that nobody vouched for, all of it is
 * written again into a new file (environment_compact()), which is on disk before it takes the
 * place of the old one.
 *
 * Another process may read meanwhile: `belfry store backup`. While it opens the environment it
 * holds a shared flock() on the folder, and we hold an exclusive one while files change their
 * names.
 */
#ifndef BROKER_STORE_ENVIRONMENT_H
#define BROKER_STORE_ENVIRONMENT_H

#include "common/lmdb.h"
#include "common/store_format.h"

struct environment {
	const char *folder; /* borrowed */
	struct lmdb *db;    /* NULL: could not be opened */
	unsigned tables[STORE_TABLES];
	uint64_t last_commit; /* that returned 0 */
	bool is_doubtful;     /* what is in the file need not be on disk */
};

/*
 * Open or create. 0 or -errno: -EUCLEAN it is damaged, -EPROTONOSUPPORT it is of a newer version.
 * The environment is zeroed.
 */
int environment_open(struct environment *e, const char *folder);

/* Accepts one that is not open. */
void environment_close(struct environment *e);

/*
 * After anything has failed. 0 or -errno, then to be tried again: -ESTALE while the folder holds no
 * file, or one that is not ours.
 */
int environment_reopen(struct environment *e);

/* As lmdb_update(). */
int environment_update(
		struct environment *e, int (*work)(struct MDB_txn *txn, void *owner), void *owner);

/*
 * Copy what is used into a new file that takes the place of the old one. -EBUSY when another
 * process is about to open it; otherwise, after an error, environment_reopen() is needed.
 */
int environment_compact(struct environment *e);

struct environment_size {
	uint64_t used, file; /* bytes */
};

/* After each commit: -ESTALE says that it went into a file that is not in its place any more. */
int environment_size(struct environment *e, struct environment_size *ret);

#endif
