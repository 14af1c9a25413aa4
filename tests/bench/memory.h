/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stdio.h>
#include <stdlib.h>

/* Allocation that ends the program when there is no memory: a bench has nothing else to do then. */

static inline void *memory_checked(void *p)
{
	if (p == NULL) {
		fputs("loadgen: out of memory\n", stderr);
		abort();
	}
	return p;
}

static inline void *memory_zeroed(size_t n, size_t size)
{
	return memory_checked(calloc(n > 0 ? n : 1, size));
}

static inline void *memory_resized(void *p, size_t size)
{
	return memory_checked(realloc(p, size));
}

#endif
