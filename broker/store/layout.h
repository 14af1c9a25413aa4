/* SPDX-License-Identifier: MIT */
/*
 * The layout that a store is in (STORE_LAYOUT of common/store_format.h): written into a new one,
 * brought up to date in an older one, and a newer one is refused, whose records could be misread.
 */
#ifndef BROKER_STORE_LAYOUT_H
#define BROKER_STORE_LAYOUT_H

#include "common/store_format.h"

struct MDB_txn;

/*
 * From one layout to the next. A migration may find the tables larger than memory, so it works with
 * a cursor and changes what it stands on.
 */
typedef int layout_migration(struct MDB_txn *txn, const unsigned tables[STORE_TABLES]);

/* Where a store is to be brought. */
struct layout_plan {
	const unsigned *tables;		     /* of the environment, STORE_TABLES */
	uint64_t layout;		     /* counted from 1 */
	layout_migration *const *migrations; /* [n]: from n to n + 1 */
};

/* What this version writes, and how it gets there. */
struct layout_plan layout_plan(const unsigned *tables);

/* 0, also when there is none yet; -EPROTONOSUPPORT: it is newer, -EUCLEAN: it is none at all. */
int layout_check(struct MDB_txn *txn, unsigned meta_table);

/*
 * For lmdb_update() when that was 0, with a struct layout_plan: all of it in one transaction, so
 * that a store that is killed meanwhile is as it was. -EUCLEAN: there are records and no layout.
 */
int layout_settle(struct MDB_txn *txn, void *plan);

#endif
