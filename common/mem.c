/* SPDX-License-Identifier: MIT */
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

static void *checked(void *at)
{
	if (at == NULL) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return at;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *xrealloc(void *at, size_t size)
{
	return checked(realloc(at, size > 0 ? size : 1));
}

char *xstrdup(const char *text)
{
	return checked(strdup(text));
}

void *xmemdup(const void *from, size_t size)
{
	void *copy = xmalloc(size);

	if (size > 0)
		memcpy(copy, from, size);
	return copy;
}

void *grow_array(void *array, size_t count, size_t *capacity, size_t element_size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity == 0 ? 4 : *capacity * 2;
	if (*capacity > SIZE_MAX / element_size)
		abort();
	return xrealloc(array, *capacity * element_size);
}

void wipe(void *at, size_t size)
{
	if (at != NULL)
		explicit_bzero(at, size);
}
