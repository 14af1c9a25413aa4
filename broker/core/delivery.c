/* SPDX-License-Identifier: MIT */
#include "broker/core/delivery.h"

#include <assert.h>

static size_t room_for(uint32_t len)
{
	size_t room = 8;

	while (room < len)
		room *= 2;
	return room;
}

struct subscription_ids *subscription_ids_add(struct subscription_ids *ids, uint32_t identifier)
{
	uint8_t encoded[8];
	struct writer w = writer_of(encoded, sizeof(encoded));
	uint32_t len = ids != NULL ? ids->len : 0;
	uint32_t more;

	if (identifier == 0)
		return ids;
	assert(ids == NULL || ids->refs == 1);
	property_write_number(&w, PROPERTY_SUBSCRIPTION_IDENTIFIER, identifier);
	more = (uint32_t)writer_span(&w).len;
	/* The room doubles, from 8, whenever a power of two is passed. */
	if (ids == NULL || room_for(len) != room_for(len + more))
		ids = xrealloc(ids, sizeof(*ids) + room_for(len + more));
	memcpy(ids->bytes + len, encoded, more);
	ids->refs = 1;
	ids->len = len + more;
	return ids;
}
