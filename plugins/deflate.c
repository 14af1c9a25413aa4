/* SPDX-License-Identifier: MIT */
#include "plugins/deflate.h"

#include <zlib.h>

#include "common/mem.h"

enum {
	GZIP_WINDOW = MAX_WBITS + 16, /* zlib's way to ask for gzip's frame */
	MEMORY = 8,		      /* zlib's default */
	PIECE = 1 << 30,	      /* zlib counts in 32 bits */
};

struct deflater {
	z_stream stream;
};

struct deflater *deflater_create(int level, enum deflate_frame frame)
{
	struct deflater *d = xcalloc(1, sizeof(*d));
	int window = frame == DEFLATE_GZIP ? GZIP_WINDOW : MAX_WBITS;

	if (deflateInit2(&d->stream, level, Z_DEFLATED, window, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* memory alone can be missing */
	return d;
}

void deflater_destroy(struct deflater *d)
{
	if (d == NULL)
		return;
	deflateEnd(&d->stream);
	free(d);
}

static void append_piece(z_stream *z, struct str *into, bool is_last)
{
	int result;

	do {
		size_t room = deflateBound(z, z->avail_in);

		str_reserve(into, room);
		z->next_out = (Bytef *)into->text + into->len;
		z->avail_out = (uInt)room;
		result = deflate(z, is_last ? Z_FINISH : Z_NO_FLUSH);
		into->len = (size_t)((char *)z->next_out - into->text);
		into->text[into->len] = '\0';
	} while (is_last ? result != Z_STREAM_END : z->avail_in > 0);
}

void deflater_append(struct deflater *d, struct str *into, struct span bytes)
{
	deflateReset(&d->stream);
	do {
		struct span piece = span_first(bytes, PIECE);

		bytes = span_from(bytes, piece.len);
		d->stream.next_in = (Bytef *)(uintptr_t)piece.data;
		d->stream.avail_in = (uInt)piece.len;
		append_piece(&d->stream, into, bytes.len == 0);
	} while (bytes.len > 0);
}
