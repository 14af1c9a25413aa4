/* SPDX-License-Identifier: MIT */
/*
 * Where one control packet ends and the next begins.
 *
 *     +------------+-------------------+------------------+
 *     | type|flags | remaining length  | body ...         |
 *     +------------+-------------------+------------------+
 *       1 byte       1 to 4 bytes        as many as it says
 */
#ifndef BROKER_MQTT_FRAMER_H
#define BROKER_MQTT_FRAMER_H

#include "broker/mqtt/types.h"
#include "common/span.h"

struct frame {
	enum packet_type type; /* 0 when the reserved type was sent */
	uint8_t flags;	       /* the low four bits of the first byte */
	struct span body;
	size_t size; /* of the whole packet */
};

enum frame_status {
	FRAME_COMPLETE,
	FRAME_PARTIAL,	 /* ret->size: bytes of the packet, or 0 while even that is unknown */
	FRAME_MALFORMED, /* the remaining length has more than four bytes */
	FRAME_TOO_LARGE, /* ret->size exceeds the limit */
};

/*
 * Look at the first packet of `input`. `max_size` is the largest whole packet allowed. ret->type
 * and ret->flags are set as soon as one byte is there, so that a first packet that is not a
 * CONNECT can be refused before it is buffered (CVE-2023-0809).
 */
static inline enum frame_status frame_next(struct span input, size_t max_size, struct frame *ret)
{
	uint32_t length = 0;
	size_t at = 1;

	ret->size = 0;
	if (input.len == 0)
		return FRAME_PARTIAL;
	ret->type = (enum packet_type)(input.data[0] >> 4);
	ret->flags = input.data[0] & 0x0f;
	for (unsigned shift = 0;; shift += 7, at++) {
		if (shift == 28)
			return FRAME_MALFORMED;
		if (at == input.len)
			return FRAME_PARTIAL;
		length |= (uint32_t)(input.data[at] & 0x7f) << shift;
		if ((input.data[at] & 0x80) == 0)
			break;
	}
	ret->size = at + 1 + length;
	if (ret->size > max_size)
		return FRAME_TOO_LARGE;
	if (input.len < ret->size)
		return FRAME_PARTIAL;
	ret->body = span_of(input.data + at + 1, length);
	return FRAME_COMPLETE;
}

/* Has its remaining length more bytes than it needs? Version 5 forbids it [v5 MQTT-1.5.5-1]. */
static inline bool frame_is_overlong(const struct frame *f)
{
	size_t length_bytes = f->size - f->body.len - 1;

	return length_bytes > 1 && f->body.len >> 7 * (length_bytes - 1) == 0;
}

#endif
