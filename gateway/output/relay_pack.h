/* SPDX-License-Identifier: MIT */
/*
 * Records of the journal as a plugin is to see them. What a record points to is gone once the
 * journal has been read, so that all a plugin may look at is packed into the batch's text first,
 * and unpacked in the memory of the plugin's thread.
 *
 * One thread at a time.
 */
#ifndef GATEWAY_OUTPUT_RELAY_PACK_H
#define GATEWAY_OUTPUT_RELAY_PACK_H

#include "gateway/plugin/delivery.h"
#include "gateway/plugin/plugin.h"
#include "gateway/relay/schema.h"

struct relay_packer {
	struct schema *schema;
	struct origin origin;
	const struct record_template *templates; /* what `rendered` is made of */
	size_t template_count;
	unsigned constants; /* set of 1 << template: those that make the same of every record */
	unsigned wants;	    /* set of RELAY_WANTS_FIELDS and RELAY_WANTS_METRICS */
};

/* Append the record; to an empty text the first one of a batch. */
void relay_pack(const struct relay_packer *p, struct str *into, const struct record *record);

/*
 * Fill the delivery, which was begun, with the records that were packed one behind the other into
 * `packed`, and take that text: `packed` has other memory then, with nothing in it.
 */
void relay_unpack(const struct relay_packer *p, struct str *packed, struct delivery *into);

#endif
