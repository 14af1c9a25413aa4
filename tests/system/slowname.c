/* SPDX-License-Identifier: MIT */
/*
 * slowname.so, to be preloaded: a name server that does not answer. Looking up "slow.example" makes
 * the file that SLOWNAME names, and ends without an address when somebody has removed it; then the
 * file with .over behind its name is there.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret);

static void touch(const char *path)
{
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret)
{
	int (*original)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	const char *path = getenv("SLOWNAME");
	char over[4096];

	*(void **)&original = dlsym(RTLD_NEXT, "getaddrinfo");
	if (path == NULL || name == NULL || strcmp(name, "slow.example") != 0 ||
			(hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0))
		return original(name, service, hints, ret);
	touch(path);
	while (access(path, F_OK) == 0)
		usleep(10000);
	snprintf(over, sizeof(over), "%s.over", path);
	touch(over);
	return EAI_AGAIN;
}
