/* SPDX-License-Identifier: MIT */
#include "gateway/journal/record.h"

#include "common/mem.h"
#include "common/wire.h"

enum { LAYOUT = 1, HEADER_SIZE = 18, FLAG_QOS = 3, FLAG_RETAIN = 4 };

void record_batch_add(struct record_batch *b, const struct record *r)
{
	size_t size = HEADER_SIZE + r->topic.len + r->properties.len + r->payload.len;
	struct writer w;

	str_reserve(&b->bytes, size);
	w = writer_of(b->bytes.text + b->bytes.len, size);
	write_u8(&w, LAYOUT);
	write_u8(&w, (uint8_t)((r->qos & FLAG_QOS) | (r->retain ? FLAG_RETAIN : 0)));
	write_u8(&w, (uint8_t)r->source);
	write_u8(&w, 0);
	write_u64(&w, (uint64_t)r->received.ns);
	write_u16(&w, (uint16_t)r->topic.len);
	write_u32(&w, (uint32_t)r->properties.len);
	write_bytes(&w, r->topic);
	write_bytes(&w, r->properties);
	write_bytes(&w, r->payload);
	b->bytes.len += size;
	b->sizes = grow_array(b->sizes, b->count, &b->capacity, sizeof(*b->sizes));
	b->sizes[b->count++] = size;
}

void record_batch_clear(struct record_batch *b)
{
	str_clear(&b->bytes);
	b->count = 0;
}

void record_batch_finish(struct record_batch *b)
{
	str_finish(&b->bytes);
	free(b->sizes);
	*b = (struct record_batch){ 0 };
}

bool record_decode(struct span bytes, struct record *ret)
{
	struct reader r = reader_of(bytes);
	uint8_t layout = read_u8(&r);
	uint8_t flags = read_u8(&r);
	uint16_t topic_len;
	uint32_t properties_len;

	ret->source = read_u8(&r);
	read_u8(&r);
	ret->received.ns = (int64_t)read_u64(&r);
	topic_len = read_u16(&r);
	properties_len = read_u32(&r);
	ret->topic = read_bytes(&r, topic_len);
	ret->properties = read_bytes(&r, properties_len);
	ret->payload = read_rest(&r);
	ret->qos = flags & FLAG_QOS;
	ret->retain = (flags & FLAG_RETAIN) != 0;
	return layout == LAYOUT && !reader_failed(&r);
}
