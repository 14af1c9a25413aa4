/* SPDX-License-Identifier: MIT */
#include "tests/bench/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "tests/bench/memory.h"

void backlog_grow(struct backlog *b, size_t room)
{
	if (b->start > 0) {
		memmove(b->data, b->data + b->start, b->end - b->start);
		b->end -= b->start;
		b->start = 0;
	}
	if (b->capacity - b->end >= room)
		return;
	b->capacity = (b->capacity > 256 ? b->capacity : 256) * 2;
	if (b->capacity < b->end + room)
		b->capacity = b->end + room;
	b->data = memory_resized(b->data, b->capacity);
}

void backlog_append(struct backlog *b, const void *data, size_t len)
{
	if (len > 0)
		memcpy(backlog_reserve(b, len), data, len);
}

void backlog_finish(struct backlog *b)
{
	free(b->data);
	*b = (struct backlog){ 0 };
}
