/* SPDX-License-Identifier: MIT */
#include "plugins/lumberjack/window.h"

#include "common/wire.h"

enum {
	COUNT_FRAME = 6,  /* version, type, count */
	LENGTH_FRAME = 6, /* version, type, length: before what is compressed */
	EVENT_FRAME = 10, /* version, type, sequence, length */
};

void window_init(struct window *w, int level)
{
	*w = (struct window){ 0 };
	if (level > 0)
		w->deflater = deflater_create(level, DEFLATE_ZLIB);
	window_clear(w);
}

void window_finish(struct window *w)
{
	deflater_destroy(w->deflater);
	str_finish(&w->frames);
	str_finish(&w->packed);
}

/* A frame of two numbers, or of one, behind what is there. */
static void put_header(struct str *into, char type, const uint32_t *numbers, size_t count)
{
	uint8_t bytes[EVENT_FRAME];
	struct writer out = writer_of(bytes, sizeof(bytes));

	write_u8(&out, '2');
	write_u8(&out, (uint8_t)type);
	for (size_t i = 0; i < count; i++)
		write_u32(&out, numbers[i]);
	str_append(into, writer_span(&out));
}

void window_clear(struct window *w)
{
	w->count = 0;
	str_clear(&w->frames);
	if (w->deflater == NULL) /* the frames stand behind their count */
		put_header(&w->frames, 'W', (uint32_t[]){ 0 }, 1);
}

static bool has_members(struct span object)
{
	return span_trim(span_of(object.data + 1, object.len - 2)).len > 0;
}

void window_add(struct window *w, struct span object, struct span member)
{
	bool comma = member.len > 0 && has_members(object);
	size_t length = object.len + member.len + comma;

	put_header(&w->frames, 'J', (uint32_t[]){ ++w->count, (uint32_t)length }, 2);
	if (member.len == 0) {
		str_append(&w->frames, object);
		return;
	}
	str_append(&w->frames, span_first(object, object.len - 1));
	if (comma)
		str_append_byte(&w->frames, ',');
	str_append(&w->frames, member);
	str_append_byte(&w->frames, '}');
}

static void write_number(struct str *at, size_t offset, size_t number)
{
	struct writer out = writer_of(at->text + offset, 4);

	write_u32(&out, (uint32_t)number);
}

static struct span pack(struct window *w)
{
	const size_t start = COUNT_FRAME + LENGTH_FRAME;

	str_clear(&w->packed);
	put_header(&w->packed, 'W', &w->count, 1);
	put_header(&w->packed, 'C', (uint32_t[]){ 0 }, 1);
	deflater_append(w->deflater, &w->packed, str_span(&w->frames));
	write_number(&w->packed, start - 4, w->packed.len - start);
	return str_span(&w->packed);
}

struct span window_bytes(struct window *w)
{
	if (w->deflater != NULL)
		return pack(w);
	write_number(&w->frames, COUNT_FRAME - 4, w->count);
	return str_span(&w->frames);
}
