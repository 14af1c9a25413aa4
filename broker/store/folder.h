/* SPDX-License-Identifier: MIT */
/*
 * The folder of a store: for this user alone, and for one broker at a time.
 */
#ifndef BROKER_STORE_FOLDER_H
#define BROKER_STORE_FOLDER_H

#include "common/base.h"

/* The new data.mdb while it is written. */
#define COPY_FILE "data.mdb.new"

/* The last part of `path` is created when it is missing, whatever the umask. 0 or -errno. */
int folder_make(const char *path);

/*
 * Is it ours, or root's, and may not be written by everybody? Others could put links in the place
 * of the files that are written there.
 */
bool folder_is_safe(const char *path);

/*
 * Take the lock of the folder, which ends with the process or when *ret_fd is closed. 0 or -errno;
 * -EBUSY: process *ret_holder has it, 0 when that cannot be told.
 */
int folder_lock(const char *path, int *ret_fd, long *ret_holder);

/* That names are as they are survives a power cut: in the folder, and the folder's own. */
int folder_sync(const char *path);
int folder_sync_parent(const char *path);

/* A new, empty file that only this user reads. A descriptor, or -errno. */
int folder_create(const char *path, const char *name);

int folder_rename(const char *path, const char *from, const char *to);

/* No matter whether it is there. */
void folder_remove(const char *path, const char *name);

/* The size of a file in it, 0 when it is not there. */
uint64_t folder_file_size(const char *path, const char *name);

/* The folder with all files of a store. */
void folder_destroy(const char *path);

#endif
