/* SPDX-License-Identifier: MIT */
/*
 * The user that a daemon runs as when root starts it.
 */
#ifndef COMMON_ACCOUNT_H
#define COMMON_ACCOUNT_H

#include <sys/types.h>

struct account {
	char name[33];
	uid_t uid;
	gid_t gid; /* its primary group */
};

/*
 * The account of that name; with NULL the first that there is of mosquitto and nobody. Returns 0,
 * or -errno: -ENOENT when there is none.
 */
int account_find(const char *name, struct account *ret);

/*
 * Until account_set_aside(), files are opened and made as this user. For root alone; returns 0 or
 * -errno.
 */
int account_borrow(const struct account *account);
void account_set_aside(void);

/*
 * Become this user, with its groups, for good: there is no way back, and no program that is
 * executed gains rights. All threads change. Returns 0 or -errno; after a failure the process may
 * have changed in part and must end.
 */
int account_assume(const struct account *account);

#endif
