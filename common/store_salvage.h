/* SPDX-License-Identifier: MIT */
/*
 * A store's file without LMDB: is it whole, its records one after another, and what is left of a
 * damaged one in a new store.
 */
#ifndef COMMON_STORE_SALVAGE_H
#define COMMON_STORE_SALVAGE_H

#include "common/lmdb_check.h"
#include "common/store_format.h"

/*
 * lmdb_check_tables() of the folder's file: its pages, not what is in its records. 0, -EUCLEAN or
 * another -errno with a sentence in *problem.
 */
int store_examine(const char *folder, struct lmdb_check_summary *ret, struct str *problem);

struct store_visitor {
	void *owner;
	/* A table that the file has, and how many records it says it has; 0: not known. Or NULL. */
	void (*table)(void *owner, enum store_table table, uint64_t records);
	/*
	 * A record; one that is damaged is met too, with `is_good` false. `is_older`: it is of the
	 * commit before the last, in the place of one that is damaged or cannot be read; it counts
	 * only when no other with that key was good. 0, or -errno, which ends it.
	 */
	int (*record)(void *owner, enum store_table table, struct span key, struct span value,
			bool is_good, bool is_older);
};

/*
 * Every record that can be reached, table by table in the order of the keys. 0 or -errno: what a
 * visit returned, or the file cannot be read. *ret_gaps: places that could not be read and records
 * that are damaged; 1 for a file that is none of LMDB at all.
 */
int store_visit(const char *folder, const struct store_visitor *visitor, uint64_t *ret_gaps);

struct store_salvage_summary {
	struct {
		uint64_t taken;
		uint64_t lost; /* seen and damaged, or counted by the table and not seen */
	} tables[STORE_TABLES];
	uint64_t gaps; /* as above: 0 when nothing is lost */
};

/*
 * Take every good record over into the folder `to_folder`, which exists and holds no store yet.
 * What is in it is on disk then, its name need not be. That references dangle is the loader's
 * business. 0; -EPROTONOSUPPORT: the store is of a newer version; or another -errno. When it is
 * not 0, what is in `to_folder` is of no use.
 */
int store_salvage(
		const char *from_folder, const char *to_folder, struct store_salvage_summary *ret);

#endif
