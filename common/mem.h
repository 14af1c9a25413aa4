/* SPDX-License-Identifier: MIT */
/*
 * Allocation that cannot fail: running out of memory ends the process with a message.
 *
 * What protects a daemon from running out is a budget that is checked before allocating
 * (max_packet_size, max_queued_bytes, ...), not a branch after each malloc.
 */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include "common/base.h"

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *at, size_t size);
char *xstrdup(const char *text);

/* A copy of `size` bytes of `from`; the caller frees it. */
void *xmemdup(const void *from, size_t size);

/*
 * Make room for one more element in a growing array: doubles *capacity (from 4) and reallocates
 * when `count` has reached it. Returns the array, moved or not.
 */
void *grow_array(void *array, size_t count, size_t *capacity, size_t element_size);

/* Overwrite a secret so that the compiler cannot leave the store out. */
void wipe(void *at, size_t size);

#endif
