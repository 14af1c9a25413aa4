/* SPDX-License-Identifier: MIT */
#include "broker/core/outbox.h"

#include <assert.h>

#include "common/mem.h"

/* A ring that was once large is given back when it runs empty. */
enum { FIRST_CAPACITY = 8, KEEP_CAPACITY = 256 };

void outbox_finish(struct outbox *o)
{
	while (o->count > 0) {
		struct delivery d = outbox_pop(o);

		delivery_finish(&d);
	}
	free(o->ring);
	*o = (struct outbox){ 0 };
}

struct delivery *outbox_at(struct outbox *o, uint32_t index)
{
	return &o->ring[(o->first + index) & (o->capacity - 1)];
}

static void grow(struct outbox *o)
{
	uint32_t capacity = o->capacity > 0 ? o->capacity * 2 : FIRST_CAPACITY;
	struct delivery *ring = xmalloc(capacity * sizeof(*ring));

	for (uint32_t i = 0; i < o->count; i++)
		ring[i] = *outbox_at(o, i);
	free(o->ring);
	o->ring = ring;
	o->capacity = capacity;
	o->first = 0;
}

void outbox_push(struct outbox *o, struct delivery d)
{
	if (o->count == o->capacity)
		grow(o);
	o->bytes += message_size(d.message);
	*outbox_at(o, o->count++) = d;
}

struct delivery *outbox_first(struct outbox *o)
{
	return o->count > 0 ? outbox_at(o, 0) : NULL;
}

struct delivery outbox_pop(struct outbox *o)
{
	struct delivery d;

	assert(o->count > 0);
	d = *outbox_at(o, 0);
	o->first = (o->first + 1) & (o->capacity - 1);
	o->bytes -= message_size(d.message);
	o->unchecked -= o->unchecked > 0;
	if (--o->count == 0 && o->capacity > KEEP_CAPACITY) {
		free(o->ring);
		o->ring = NULL;
		o->capacity = 0;
		o->first = 0;
	}
	return d;
}
