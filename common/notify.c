/* SPDX-License-Identifier: MIT */
#include "common/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/base.h"
#include "common/span.h"

bool notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = path != NULL ? strlen(path) : 0;
	AUTO_CLOSE int fd = -1;

	if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return false;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@') /* a name that is no file */
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 &&
	       sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) >= 0;
}

bool notify_reloading(struct instant now)
{
	char state[64];

	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, now.ns / 1000);
	return notify(state);
}

bool notify_watchdog(struct duration *ret)
{
	const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t microseconds, process;

	if (interval == NULL ||
			!span_to_uint(span_of_text(interval), INT64_MAX / 1000, &microseconds) ||
			microseconds == 0)
		return false;
	if (pid != NULL && (!span_to_uint(span_of_text(pid), INT32_MAX, &process) ||
					   (pid_t)process != getpid()))
		return false;
	*ret = nanoseconds((int64_t)microseconds * 1000);
	return true;
}
