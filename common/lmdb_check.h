/* SPDX-License-Identifier: MIT */
/*
 * Is a file of LMDB whole? Looks at every page without LMDB, so that no damage can crash or
 * mislead: what passes can be given to LMDB, which reads in it what was written, and can write on.
 * What is inside keys and values is not looked at, but for the list of free pages.
 *
 * It knows files as common/lmdb.h writes them: named tables, keys in the order of their bytes, one
 * value a key. Nobody may write to the file meanwhile.
 *
 *   - Both meta pages are what they have to be and one transaction apart. Each page of the trees
 *     that the newer one names is in itself right, in its place and used once; keys are in order;
 *     the trees' counts are right.
 *   - The free pages are none of those that are used, each once.
 *   - The newest transaction is the one that the meta pages say: each leaves its number in the
 *     list of free pages.
 */
#ifndef COMMON_LMDB_CHECK_H
#define COMMON_LMDB_CHECK_H

#include "common/lmdb_page.h"
#include "common/str.h"

struct lmdb_check_summary {
	uint64_t pages; /* that the file has */
	size_t page_size;
	uint64_t used;	  /* by records and their trees, meta pages included */
	uint64_t free;	  /* to be used again */
	uint64_t leaked;  /* neither; no harm but space */
	uint64_t records; /* in all tables */
};

/*
 * 0; -EUCLEAN with a sentence in *problem, what is wrong where; or -errno when the file cannot be
 * read, with a sentence too. *ret is filled in the first case.
 */
int lmdb_check(const char *path, struct lmdb_check_summary *ret, struct str *problem);

/*
 * The same of a file whose tables have these names, NULL behind the last: a table whose name has
 * changed is one that is missed.
 */
int lmdb_check_tables(const char *path, const char *const *tables, struct lmdb_check_summary *ret,
		struct str *problem);

#endif
