/* SPDX-License-Identifier: MIT */
#include "common/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "common/base.h"

static int find(const char *name, struct account *ret)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];
	int error = getpwnam_r(name, &entry, buffer, sizeof(buffer), &found);

	if (found == NULL)
		return error != 0 ? -error : -ENOENT;
	*ret = (struct account){ .uid = entry.pw_uid, .gid = entry.pw_gid };
	snprintf(ret->name, sizeof(ret->name), "%s", entry.pw_name);
	return 0;
}

int account_find(const char *name, struct account *ret)
{
	int error;

	if (name != NULL)
		return find(name, ret);
	error = find("mosquitto", ret);
	return error == -ENOENT ? find("nobody", ret) : error;
}

int account_borrow(const struct account *account)
{
	if (setegid(account->gid) < 0)
		return -errno;
	if (seteuid(account->uid) < 0) {
		int error = -errno;

		account_set_aside();
		return error;
	}
	return 0;
}

void account_set_aside(void)
{
	if (seteuid(getuid()) < 0 || setegid(getgid()) < 0)
		abort(); /* root may always become root again */
}

int account_assume(const struct account *account)
{
	if (initgroups(account->name, account->gid) < 0 ||
			setresgid(account->gid, account->gid, account->gid) < 0 ||
			setresuid(account->uid, account->uid, account->uid) < 0)
		return -errno;
	if (account->uid != 0 && setuid(0) == 0)
		return -EPERM;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
