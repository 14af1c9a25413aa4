/* SPDX-License-Identifier: MIT */
/*
 * The store that `belfry store` is to look at or change: which folder is meant, whose it is, and
 * whether a broker has it.
 */
#ifndef CLI_STORE_TARGET_H
#define CLI_STORE_TARGET_H

#include "common/account.h"
#include "common/str.h"

enum store_lock {
	STORE_LOCK_NONE,
	STORE_LOCK_SHARED, /* to read */
	STORE_LOCK_ALONE,
};

struct store_target {
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
bool store_target_open(struct store_target *f, const char *path, enum store_lock lock,
		struct str *problem);
void store_target_close(struct store_target *f);

/* What root does as root in between. Without effect for other users. */
void store_target_set_aside(const struct store_target *f);
bool store_target_borrow(const struct store_target *f);

#endif
