/* SPDX-License-Identifier: MIT */
/*
 * Every record of a file of LMDB that can be reached and read, whatever is damaged beside it, and
 * without LMDB. Of a file that is whole these are all its records, table by table and in the order
 * of their keys.
 *
 * What cannot be read in the state of the newest transaction is looked for in that of the one
 * before, of which LMDB overwrites nothing until the next: that finds what a page held before it
 * was last changed. Whether a record is what was once written, the visitor has to know; of a
 * damaged file he may meet one more than once.
 */
#ifndef COMMON_LMDB_SALVAGE_H
#define COMMON_LMDB_SALVAGE_H

#include "common/span.h"

struct lmdb_record {
	struct span table, key, value;
	/* Of the transaction before: not to be taken when the newest one's was met. */
	bool is_older;
};

struct lmdb_visitor {
	void *owner;
	/* A table, and how many records it says it has, 0 for a number that cannot be. Or NULL. */
	int (*table)(void *owner, struct span name, uint64_t records);
	/*
	 * Everything is borrowed until it returns: 0; above 0 when the record is damaged, so that
	 * an older one is looked for; or -errno, which ends the walk.
	 */
	int (*record)(void *owner, const struct lmdb_record *r);
};

/*
 * Visit them all. 0, or -errno: what a visit returned, or -EUCLEAN when it is no file of LMDB.
 * *ret_gaps: how many places could not be read; each stood for any number of records.
 */
int lmdb_salvage(const char *path, const struct lmdb_visitor *visitor, uint64_t *ret_gaps);

#endif
