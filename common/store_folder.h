/* SPDX-License-Identifier: MIT */
/*
 * The folder of a store (store_format.h): for one user alone, and for one broker, or one tool that
 * changes it, at a time.
 */
#ifndef COMMON_STORE_FOLDER_H
#define COMMON_STORE_FOLDER_H

#include "common/base.h"

/* Its files: two have their names from LMDB. */
#define STORE_FILE	   "data.mdb"
#define STORE_READERS_FILE "lock.mdb"
#define STORE_COPY_FILE	   "data.mdb.new" /* the next data.mdb, while it is written */
#define STORE_LOCK_FILE	   "broker.lock"

/* The last part of `path` is created, whatever the umask. 0 or -errno; -EEXIST: it was there. */
int store_folder_make(const char *path);

/*
 * Is it ours, or root's, and may not be written by everybody? Others could put links in the place
 * of the files that are written there.
 */
bool store_folder_is_safe(const char *path);

/*
 * Take the lock of the folder, which ends with the process or when *ret_fd is closed: `alone`, and
 * then it says whose it is, or together with others who only read. 0 or -errno; -EBUSY: process
 * *ret_holder has it, 0 when that cannot be told; -ENOENT to those who read: nobody ever had it.
 */
int store_folder_lock(const char *path, bool alone, int *ret_fd, long *ret_holder);

/*
 * The folder is called `aside` from now on, and `successor`, which is complete and on disk, has its
 * name. 0 or -errno: everything is called as before, or only whether that outlasts a power cut is
 * in doubt.
 */
int store_folder_exchange(const char *path, const char *successor, const char *aside);

/* A new, empty file that only this user reads. A descriptor, or -errno. */
int store_folder_create(const char *path, const char *name);

int store_folder_rename(const char *path, const char *from, const char *to);

/* No matter whether it is there. */
void store_folder_remove(const char *path, const char *name);

/* The size of a file in it, 0 when it is not there. */
uint64_t store_folder_file_size(const char *path, const char *name);

/* The files above, and the folder when it has no others. */
void store_folder_destroy(const char *path);

#endif
