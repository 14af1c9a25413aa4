/* SPDX-License-Identifier: MIT */
#include "common/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "common/base.h"

int folder_sync(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int folder_sync_parent(const char *path)
{
	char parent[PATH_MAX];
	int len = snprintf(parent, sizeof(parent), "%s/..", path);

	return len < (int)sizeof(parent) ? folder_sync(parent) : -ENAMETOOLONG;
}
