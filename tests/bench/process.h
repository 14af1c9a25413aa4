/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* What a process has cost so far, as the kernel tells it. Times are in nanoseconds. */

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* CPU time of all threads, user and system. False when there is no such process. */
bool process_cpu(pid_t pid, uint64_t *ret_ns);

/* Resident memory in bytes. False when there is no such process. */
bool process_rss(pid_t pid, uint64_t *ret_bytes);

/* CPU time of this process. */
uint64_t process_own_cpu(void);

#endif
