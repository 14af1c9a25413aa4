/* SPDX-License-Identifier: MIT */
#include "broker/core/delivery.h"

struct subscription_ids *subscription_ids_add(struct subscription_ids *ids, uint32_t identifier)
{
	uint8_t encoded[8];
	struct writer w = writer_of(encoded, sizeof(encoded));
	struct subscription_ids *grown;
	uint32_t len = ids != NULL ? ids->len : 0;

	if (identifier == 0)
		return ids;
	property_write_number(&w, PROPERTY_SUBSCRIPTION_IDENTIFIER, identifier);
	grown = xmalloc(sizeof(*grown) + len + writer_span(&w).len);
	grown->refs = 1;
	grown->len = len + (uint32_t)writer_span(&w).len;
	if (len > 0)
		memcpy(grown->bytes, ids->bytes, len);
	memcpy(grown->bytes + len, encoded, writer_span(&w).len);
	subscription_ids_unref(ids);
	return grown;
}
