/* SPDX-License-Identifier: MIT */
/*
 * A file that is read, changed and replaced as a whole: whoever reads it meanwhile sees the old
 * contents or the new ones, and a crash or a full disk leaves the old.
 *
 *     file_edit_open(path) ──▶ text ──▶ file_edit_replace(new text) ──▶ file_edit_close()
 *
 * Two of these at the same time wait for each other, so that none undoes what the other did. A
 * symbolic link is followed, and what it points to replaced, but not one in a folder in which
 * anybody may put a link.
 */
#ifndef CLI_FILE_EDIT_H
#define CLI_FILE_EDIT_H

#include <sys/stat.h>

#include "common/str.h"

struct file_edit {
	char *path; /* where the file really is, owned */
	int fd;	    /* of the file as it is, locked; -1: there is none yet */
	struct stat status;
	mode_t new_mode; /* of a file that is new: 0600 unless changed before file_edit_replace() */
	struct str text; /* what it holds; a secret */
};

/*
 * Open and read the file. One that does not exist is an error unless it `may_be_new`. False with
 * a sentence in *problem that names the file.
 */
bool file_edit_open(struct file_edit *f, const char *path, bool may_be_new, struct str *problem);

/*
 * Put `text` in its place, on disk when it returns. Owner, group and mode stay. False with a
 * sentence in *problem; the file is then as it was.
 */
bool file_edit_replace(struct file_edit *f, struct span text, struct str *problem);

/* Accepts one that could not be opened. */
void file_edit_close(struct file_edit *f);

#endif
