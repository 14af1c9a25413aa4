/* SPDX-License-Identifier: MIT */
#include "plugins/lumberjack/window.h"

#include "common/wire.h"

enum {
	COUNT_FRAME = 6,  /* version, type, count */
	LENGTH_FRAME = 6, /* version, type, length: before what is compressed */
	EVENT_FRAME = 10, /* version, type, sequence, length */
};

bool window_init(struct window *w, int level)
{
	*w = (struct window){ .compresses = level > 0 };
	if (w->compresses && deflateInit(&w->zip, level) != Z_OK)
		return false;
	window_clear(w);
	return true;
}

void window_finish(struct window *w)
{
	if (w->compresses)
		deflateEnd(&w->zip);
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
	if (!w->compresses) /* the frames stand behind their count */
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

/* In one go: there is room for whatever becomes of it. */
static struct span pack(struct window *w)
{
	const size_t start = COUNT_FRAME + LENGTH_FRAME;

	deflateReset(&w->zip);
	str_clear(&w->packed);
	put_header(&w->packed, 'W', &w->count, 1);
	put_header(&w->packed, 'C', (uint32_t[]){ 0 }, 1);
	str_reserve(&w->packed, deflateBound(&w->zip, w->frames.len));
	w->zip.next_in = (Bytef *)w->frames.text;
	w->zip.avail_in = (uInt)w->frames.len;
	w->zip.next_out = (Bytef *)w->packed.text + start;
	w->zip.avail_out = (uInt)(w->packed.capacity - start);
	deflate(&w->zip, Z_FINISH);
	w->packed.len = start + w->zip.total_out;
	write_number(&w->packed, start - 4, w->zip.total_out);
	return str_span(&w->packed);
}

struct span window_bytes(struct window *w)
{
	if (w->compresses)
		return pack(w);
	write_number(&w->frames, COUNT_FRAME - 4, w->count);
	return str_span(&w->frames);
}
