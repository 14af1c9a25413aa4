/* SPDX-License-Identifier: MIT */
/*
 * The files of an output that are open, and what is to be added to each: those that were written
 * to last stay open, so that a topic plan with thousands of files needs no thousand descriptors.
 *
 *     files_for() ... files_for() ─▶ files_append() each ─▶ files_settle()
 *
 * For one thread.
 */
#ifndef PLUGINS_FILE_FILES_H
#define PLUGINS_FILE_FILES_H

#include "common/clock.h"
#include "common/hash.h"
#include "plugins/file/log_file.h"

struct file_entry {
	struct log_file file;
	struct str lines; /* to be added */
	int error;	  /* that adding them came to; 0: done */
	bool is_wanted;	  /* since the last files_settle() */
	struct instant used;
	UT_hash_handle hh;
};

/* Zeroed memory with a limit of at least 1 is an empty one. */
struct files {
	struct file_entry *entries; /* the one used last comes last */
	size_t limit, wanted;
	uint64_t seed;
	struct log_file_counts counts;
};

/*
 * The entry for that path. NULL when `limit` others are wanted since the last files_settle(): add
 * what there is first.
 */
struct file_entry *files_for(struct files *f, struct span path);

/* Add the lines of each entry that is wanted; their `error` says what came of it. */
void files_append(struct files *f, const struct log_file_rules *rules);

/* Nothing is wanted any more. */
void files_settle(struct files *f);

/* Close what was moved away, and what was not written to for so long. */
void files_tidy(struct files *f, struct duration unused, struct instant now);

size_t files_count(const struct files *f);
void files_finish(struct files *f);

#endif
