/* SPDX-License-Identifier: MIT */
/*
 * One file that lines are added to: all of a batch's lines, or none. It is looked up by its name
 * each time, so that who moves it away (logrotate) gets what was written and a new one begins.
 *
 * For one thread. Errors are -errno.
 */
#ifndef PLUGINS_FILE_LOG_FILE_H
#define PLUGINS_FILE_LOG_FILE_H

#include <sys/types.h>

#include "common/str.h"

/* How files of an output are treated. */
struct log_file_rules {
	size_t base_len;   /* bytes of each path that are a folder which has to be there */
	mode_t mode;	   /* of new files; new folders may be entered by who may read it */
	uint64_t max_size; /* 0: any */
	unsigned keep;	   /* older ones: PATH.1 is the newest of them */
	bool sync;	   /* an append has reached the disk */
};

/* Zeroed memory with fd -1 is a file that is not open. */
struct log_file {
	char *path; /* owned */
	int fd;
	dev_t dev;
	ino_t ino;
	bool is_torn; /* its last line has no end */
};

/* What an append did besides; counted up. */
struct log_file_counts {
	uint64_t rotations, reopened, torn;
};

/*
 * Add `lines`, which end in a newline. After an error nothing of them is there; if even that could
 * not be had, the next append begins on a line of its own.
 */
int log_file_append(struct log_file *f, const struct log_file_rules *rules, struct span lines,
		struct log_file_counts *counts);

/* Is an open file no longer what its name says? */
bool log_file_was_moved(const struct log_file *f);

void log_file_close(struct log_file *f);

#endif
