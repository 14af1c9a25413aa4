/* SPDX-License-Identifier: MIT */
/*
 * Cursors over network bytes with a sticky error.
 *
 * After the first read behind the end, or the first write that does not fit, every further
 * operation does nothing and yields zero; the caller looks once, at the end. A decoder so reads
 * like the field list of the specification. Numbers are big-endian.
 *
 * Two types, one for reading and one for writing, keep const honest.
 */
#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

#include "common/span.h"

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct reader reader_of(struct span s)
{
	return (struct reader){ s.data, s.len > 0 ? s.data + s.len : s.data, false };
}

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static inline bool reader_failed(const struct reader *r)
{
	return r->failed;
}

/* Mark the cursor as failed, for a caller who met a value that is out of its range. */
static inline void reader_fail(struct reader *r)
{
	r->failed = true;
	r->at = r->end;
}

static inline struct span read_bytes(struct reader *r, size_t len)
{
	struct span s = { r->at, len };

	if (unlikely(reader_left(r) < len)) {
		reader_fail(r);
		return (struct span){ NULL, 0 };
	}
	r->at += len;
	return s;
}

static inline uint8_t read_u8(struct reader *r)
{
	struct span s = read_bytes(r, 1);

	return s.len == 1 ? s.data[0] : 0;
}

static inline uint16_t read_u16(struct reader *r)
{
	struct span s = read_bytes(r, 2);

	if (s.len < 2)
		return 0;
	return (uint16_t)(s.data[0] << 8 | s.data[1]);
}

static inline uint32_t read_u32(struct reader *r)
{
	struct span s = read_bytes(r, 4);

	return s.len == 4 ? (uint32_t)s.data[0] << 24 | (uint32_t)s.data[1] << 16 |
					       (uint32_t)s.data[2] << 8 | s.data[3]
			  : 0;
}

static inline uint64_t read_u64(struct reader *r)
{
	uint64_t high = read_u32(r);

	return high << 32 | read_u32(r);
}

/* A 16-bit length and that many bytes: MQTT's string and binary data. */
static inline struct span read_block16(struct reader *r)
{
	return read_bytes(r, read_u16(r));
}

/* Everything that is left. */
static inline struct span read_rest(struct reader *r)
{
	return read_bytes(r, reader_left(r));
}

/* A Variable Byte Integer of at most four bytes; a form that is longer than needed fails. */
uint32_t read_varint(struct reader *r);

struct writer {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	bool failed;
};

static inline struct writer writer_of(void *at, size_t size)
{
	uint8_t *start = at;

	return (struct writer){ start, start, start + size, false };
}

static inline bool writer_failed(const struct writer *w)
{
	return w->failed;
}

/* What was written so far. */
static inline struct span writer_span(const struct writer *w)
{
	return (struct span){ w->start, (size_t)(w->at - w->start) };
}

/* Room for `len` bytes that the caller fills at once, or NULL when they do not fit. */
static inline uint8_t *write_reserve(struct writer *w, size_t len)
{
	uint8_t *at = w->at;

	if (unlikely((size_t)(w->end - w->at) < len)) {
		w->failed = true;
		w->end = w->at;
		return NULL;
	}
	w->at += len;
	return at;
}

static inline void write_u8(struct writer *w, uint8_t value)
{
	uint8_t *at = write_reserve(w, 1);

	if (at != NULL)
		at[0] = value;
}

static inline void write_u16(struct writer *w, uint16_t value)
{
	uint8_t *at = write_reserve(w, 2);

	if (at != NULL) {
		at[0] = (uint8_t)(value >> 8);
		at[1] = (uint8_t)value;
	}
}

static inline void write_u32(struct writer *w, uint32_t value)
{
	write_u16(w, (uint16_t)(value >> 16));
	write_u16(w, (uint16_t)value);
}

static inline void write_u64(struct writer *w, uint64_t value)
{
	write_u32(w, (uint32_t)(value >> 32));
	write_u32(w, (uint32_t)value);
}

static inline void write_bytes(struct writer *w, struct span bytes)
{
	uint8_t *at = write_reserve(w, bytes.len);

	if (at != NULL && bytes.len > 0)
		memcpy(at, bytes.data, bytes.len);
}

/* A 16-bit length and the bytes; longer than 65,535 bytes fails instead of being cut. */
void write_block16(struct writer *w, struct span bytes);

/* A Variable Byte Integer in its shortest form; above 268,435,455 fails. */
void write_varint(struct writer *w, uint32_t value);

/* Bytes that write_varint() needs for `value`. */
static inline size_t varint_size(uint32_t value)
{
	return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
}

#endif
