/* SPDX-License-Identifier: MIT */
/*
 * The few compiler attributes and cleanup helpers that every file may use. Nothing here allocates,
 * logs or includes another project header.
 */
#ifndef COMMON_BASE_H
#define COMMON_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define array_size(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NO_RETURN	       __attribute__((noreturn))

#define unlikely(x) __builtin_expect(!!(x), 0)

static inline void close_fd_at(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void free_at(void *at)
{
	free(*(void **)at);
}

/* A variable declared AUTO_CLOSE int fd is closed, AUTO_FREE pointer freed, when its scope ends. */
#define AUTO_CLOSE __attribute__((cleanup(close_fd_at)))
#define AUTO_FREE  __attribute__((cleanup(free_at)))

/* Hand an AUTO_CLOSE descriptor to a new owner: the variable becomes -1. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
