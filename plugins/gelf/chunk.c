/* SPDX-License-Identifier: MIT */
#include "plugins/gelf/chunk.h"

#include "common/wire.h"

bool gelf_append_chunks(struct datagrams *into, struct span message, size_t size, uint64_t id)
{
	size_t part = size - GELF_CHUNK_HEADER, count = (message.len + part - 1) / part;

	if (message.len <= size) {
		str_append(&into->bytes, message);
		datagrams_end(into);
		return true;
	}
	if (count > GELF_MOST_CHUNKS)
		return false;
	for (size_t i = 0; i < count; i++) {
		uint8_t header[GELF_CHUNK_HEADER];
		struct writer w = writer_of(header, sizeof(header));

		write_u8(&w, 0x1e);
		write_u8(&w, 0x0f);
		write_u64(&w, id);
		write_u8(&w, (uint8_t)i);
		write_u8(&w, (uint8_t)count);
		str_append(&into->bytes, writer_span(&w));
		str_append(&into->bytes, span_first(span_from(message, i * part), part));
		datagrams_end(into);
	}
	return true;
}
