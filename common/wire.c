/* SPDX-License-Identifier: MIT */
#include "common/wire.h"

enum { MAX_VARINT = 268435455 };

uint32_t read_varint(struct reader *r)
{
	uint32_t value = 0;

	for (unsigned shift = 0; shift < 28; shift += 7) {
		uint8_t byte = read_u8(r);

		value |= (uint32_t)(byte & 0x7f) << shift;
		if (byte == 0 && shift > 0)
			break;
		if ((byte & 0x80) == 0)
			return value;
	}
	reader_fail(r); /* [v5 MQTT-1.5.5-1] allows four bytes at most, and no more than needed */
	return 0;
}

void write_block16(struct writer *w, struct span bytes)
{
	if (bytes.len > UINT16_MAX) {
		w->failed = true;
		w->end = w->at;
		return;
	}
	write_u16(w, (uint16_t)bytes.len);
	write_bytes(w, bytes);
}

void write_varint(struct writer *w, uint32_t value)
{
	if (value > MAX_VARINT) {
		w->failed = true;
		w->end = w->at;
		return;
	}
	do {
		uint8_t byte = value & 0x7f;

		value >>= 7;
		write_u8(w, value > 0 ? byte | 0x80 : byte);
	} while (value > 0);
}
