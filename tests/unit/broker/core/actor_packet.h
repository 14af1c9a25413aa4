/* SPDX-License-Identifier: MIT */
/*
 * Packets of a client, put together byte by byte: for actor.h.
 */
#ifndef TESTS_UNIT_BROKER_CORE_ACTOR_PACKET_H
#define TESTS_UNIT_BROKER_CORE_ACTOR_PACKET_H

#include "common/str.h"

static inline void actor_block(struct str *to, const char *text)
{
	str_append_byte(to, 0);
	str_append_byte(to, (char)strlen(text));
	str_append_text(to, text);
}

static inline void actor_u16(struct str *to, uint16_t n)
{
	str_append_byte(to, (char)(n >> 8));
	str_append_byte(to, (char)n);
}

static inline void actor_u32(struct str *to, uint32_t n)
{
	actor_u16(to, (uint16_t)(n >> 16));
	actor_u16(to, (uint16_t)n);
}

/* No packet here is longer than 127 bytes, unless its payload is: then three bytes of length. */
static inline void actor_packet(struct str *to, uint8_t first, const struct str *body)
{
	size_t len = body->len;

	str_append_byte(to, (char)first);
	for (; len >= 128; len /= 128)
		str_append_byte(to, (char)(len % 128 | 128));
	str_append_byte(to, (char)len);
	str_append(to, str_span(body));
}

#endif
