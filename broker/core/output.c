/* SPDX-License-Identifier: MIT */
#include "broker/core/output.h"

#include <assert.h>

#include "common/mem.h"

struct chunk {
	struct chunk *next;
	struct message *message; /* owned reference, or NULL for copied bytes */
	const uint8_t *data;	 /* into bytes[] or into the message */
	size_t start, end;	 /* of what is still to be sent */
	size_t capacity;
	uint8_t bytes[];
};

enum { SMALL_CHUNK = 4096 - 64, LARGE_CHUNK = 65536 - 64 };

static const size_t pooled_sizes[2] = { SMALL_CHUNK, LARGE_CHUNK };
static const size_t pooled_most[2] = { 1024, 128 }; /* 4 MB and 8 MB are kept at most */

static struct chunk *chunk_create(size_t capacity)
{
	struct chunk *c = xmalloc(sizeof(*c) + capacity);

	c->capacity = capacity;
	return c;
}

static struct chunk *chunk_take(struct chunk_pool *pool, size_t size_class)
{
	struct chunk *c = pool->free[size_class];

	pool->used += pooled_sizes[size_class];
	if (c == NULL)
		return chunk_create(pooled_sizes[size_class]);
	pool->free[size_class] = c->next;
	pool->count[size_class]--;
	return c;
}

static void chunk_give(struct chunk_pool *pool, struct chunk *c)
{
	message_unref(c->message);
	pool->used -= c->capacity;
	for (size_t i = 0; i < array_size(pooled_sizes); i++) {
		if (c->capacity == pooled_sizes[i] && pool->count[i] < pooled_most[i]) {
			c->next = pool->free[i];
			pool->free[i] = c;
			pool->count[i]++;
			return;
		}
	}
	free(c);
}

void chunk_pool_finish(struct chunk_pool *pool)
{
	for (size_t i = 0; i < array_size(pool->free); i++) {
		while (pool->free[i] != NULL) {
			struct chunk *c = pool->free[i];

			pool->free[i] = c->next;
			free(c);
		}
	}
	*pool = (struct chunk_pool){ 0 };
}

static struct chunk *append(struct output *out, struct chunk *c)
{
	c->next = NULL;
	c->message = NULL;
	c->data = c->bytes;
	c->start = 0;
	c->end = 0;
	if (out->tail != NULL)
		out->tail->next = c;
	else
		out->head = c;
	out->tail = c;
	return c;
}

void output_finish(struct output *out, struct chunk_pool *pool)
{
	while (out->head != NULL) {
		struct chunk *c = out->head;

		out->head = c->next;
		chunk_give(pool, c);
	}
	*out = (struct output){ 0 };
}

/* The first chunk of an idle client is small; one that fills it gets large ones. */
static struct chunk *append_room(struct output *out, struct chunk_pool *pool, size_t len)
{
	if (out->head == NULL && len <= SMALL_CHUNK)
		return append(out, chunk_take(pool, 0));
	if (len <= LARGE_CHUNK)
		return append(out, chunk_take(pool, 1));
	pool->used += len;
	return append(out, chunk_create(len));
}

uint8_t *output_reserve(struct output *out, struct chunk_pool *pool, size_t len)
{
	struct chunk *c = out->tail;
	uint8_t *at;

	if (c == NULL || c->message != NULL || c->capacity - c->end < len)
		c = append_room(out, pool, len);
	at = c->bytes + c->end;
	c->end += len;
	out->bytes += len;
	out->packets++;
	return at;
}

void output_append_payload(struct output *out, struct message *m)
{
	struct span payload = message_payload(m);
	struct chunk *c;

	if (payload.len == 0)
		return;
	c = append(out, chunk_create(0));
	c->message = message_ref(m);
	c->data = payload.data;
	c->end = payload.len;
	out->bytes += payload.len;
}

void output_move(struct output *from, struct output *to)
{
	if (from->head == NULL)
		return;
	if (to->tail != NULL)
		to->tail->next = from->head;
	else
		to->head = from->head;
	to->tail = from->tail;
	to->bytes += from->bytes;
	to->packets += from->packets;
	*from = (struct output){ 0 };
}

size_t output_spans(const struct output *out, struct span *spans, size_t max)
{
	size_t n = 0;

	for (const struct chunk *c = out->head; c != NULL && n < max; c = c->next)
		spans[n++] = span_of(c->data + c->start, c->end - c->start);
	return n;
}

void output_consume(struct output *out, struct chunk_pool *pool, size_t len)
{
	assert(len <= out->bytes);
	out->bytes -= len;
	while (out->head != NULL) {
		struct chunk *c = out->head;
		size_t here = c->end - c->start < len ? c->end - c->start : len;

		c->start += here;
		len -= here;
		if (c->start < c->end)
			return;
		out->head = c->next;
		if (out->head == NULL) {
			out->tail = NULL;
			out->packets = 0;
		}
		chunk_give(pool, c);
	}
}
