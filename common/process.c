/* SPDX-License-Identifier: MIT */
#include "common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/base.h"

int pid_file_write(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	char text[24];

	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}
