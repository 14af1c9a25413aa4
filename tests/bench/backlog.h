/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BACKLOG_H
#define BENCH_BACKLOG_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that wait: data[start..end). Zeroed memory is an empty one. */
struct backlog {
	uint8_t *data;
	size_t start, end, capacity;
};

void backlog_grow(struct backlog *b, size_t room);
void backlog_append(struct backlog *b, const void *data, size_t len);
void backlog_finish(struct backlog *b);

static inline size_t backlog_len(const struct backlog *b)
{
	return b->end - b->start;
}

/* Room for `n` bytes to be filled in at once. They count as there. */
static inline uint8_t *backlog_reserve(struct backlog *b, size_t n)
{
	if (b->capacity - b->end < n)
		backlog_grow(b, n);
	b->end += n;
	return b->data + b->end - n;
}

/* The first `n` bytes have gone. */
static inline void backlog_consume(struct backlog *b, size_t n)
{
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

#endif
