/* SPDX-License-Identifier: MIT */
/*
 * The folder of a store: which one is meant, whose it is, and whether a broker has it.
 */
#ifndef CLI_STORE_FOLDER_H
#define CLI_STORE_FOLDER_H

#include "common/account.h"
#include "common/str.h"

enum store_lock {
	STORE_LOCK_NONE,
	STORE_LOCK_SHARED, /* to read */
	STORE_LOCK_ALONE,
};

struct store_folder {
	char *path;
	int lock; /* of its broker.lock; -1: not taken, or there has never been a broker */
	struct account owner;
};

/*
 * Find the store that is `path`, or the only one in the folder `path`, and take its lock, so that
 * no broker begins meanwhile. Root goes on as the user whose folder it is: what is made belongs to
 * him, and his links lead to nothing that is not his. False with a sentence in *problem. To be
 * closed in each case, which makes him root again.
 */
bool store_folder_open(struct store_folder *f, const char *path, enum store_lock lock,
		struct str *problem);
void store_folder_close(struct store_folder *f);

/* What root does as root in between. Without effect for other users. */
void store_folder_set_aside(const struct store_folder *f);
bool store_folder_borrow(const struct store_folder *f);

/* Make the folder `path` with a lock that is taken. 0 or -errno. */
int store_folder_make(const char *path, int *ret_lock);

/* Remove it with the files that a store has, and no others. */
void store_folder_destroy(const char *path);

/* What is in the folder is on disk by its names, with `parent` its own name too. 0 or -errno. */
int store_folder_sync(const char *path, bool parent);

#endif
