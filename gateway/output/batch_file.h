/* SPDX-License-Identifier: MIT */
/*
 * The files by which whole batches are handed to a core, and the watch that tells when the core
 * has removed one.
 */
#ifndef GATEWAY_OUTPUT_BATCH_FILE_H
#define GATEWAY_OUTPUT_BATCH_FILE_H

#include <sys/types.h>

#include "common/str.h"

struct batch_folder {
	const char *path;   /* borrowed */
	const char *output; /* name, for the log and as prefix of the files; borrowed */
	uint64_t journal;
	bool is_foreign; /* the core's own: never made by us, nor is a file in it written over */
	unsigned mode;	 /* of new files */
	int fd;		 /* of the folder, -1: not open */
	int watch_fd;	 /* inotify: readable when something in it was removed */
	const char *problem; /* a literal; NULL: none */
};

void batch_folder_init(
		struct batch_folder *f, const char *path, const char *output, uint64_t journal);
void batch_folder_finish(struct batch_folder *f);

/*
 * What is wrong with the folder now; NULL: nothing. Said in the log once, when it changes.
 * `problem` is a literal that completes "FOLDER ...", `error` an errno or 0.
 */
void batch_folder_say(struct batch_folder *f, const char *problem, int error);

/*
 * Open the folder (again), creating it when missing (mode 2770) unless it is foreign, and watch
 * it. 0 or -errno.
 */
int batch_folder_open(struct batch_folder *f);

/*
 * May `user` remove files from the open folder? A core that may not applies a batch and leaves
 * its file, and would apply it again each time it is told of it.
 */
bool batch_folder_lets_remove(const struct batch_folder *f, uid_t user);

/* A number that another folder at the same path would not have. */
uint64_t batch_folder_place(const struct batch_folder *f);

/*
 * Write `text` to a file of its own. 0 or -errno; -EEXIST in a foreign folder. One that a crash
 * left half-written was never named to the core, and is swept away by the next run.
 */
int batch_folder_write(struct batch_folder *f, struct span name, struct span text);

/* Remove a file of ours, if it is there. */
void batch_folder_remove(struct batch_folder *f, struct span name);

/* 1: it is there; 0: it is gone, the folder is not; -errno: cannot be told. */
int batch_folder_has(struct batch_folder *f, struct span name);

/* Take what the watch has seen. True when `name` was removed, surely and from this folder. */
bool batch_folder_saw_removal(struct batch_folder *f, struct span name);

/* Remove the output's files of this journal except `keep` (empty: all). */
void batch_folder_sweep(struct batch_folder *f, struct span keep);

/* What the names of all files of this output and journal begin with. */
void batch_file_prefix(const struct batch_folder *f, struct str *into);

/* The name of the file for these records. */
void batch_file_name(const struct batch_folder *f, uint64_t first, uint64_t last, struct str *into);

#endif
