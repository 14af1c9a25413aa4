/* SPDX-License-Identifier: MIT */
/*
 * The layout that a store is in (STORE_LAYOUT of common/store_format.h): written into a new one,
 * brought up to date in an older one, and a newer one is refused, whose records could be misread.
 */
#ifndef BROKER_STORE_LAYOUT_H
#define BROKER_STORE_LAYOUT_H

struct MDB_txn;

/* 0, also when there is none yet; -EPROTONOSUPPORT: it is newer, -EUCLEAN: it is none at all. */
int layout_check(struct MDB_txn *txn, unsigned meta_table);

/*
 * For lmdb_update() when that was 0; `tables` are the environment's. -EUCLEAN: there are records
 * and no layout.
 */
int layout_settle(struct MDB_txn *txn, void *tables);

#endif
