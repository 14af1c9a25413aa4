/* SPDX-License-Identifier: MIT */
#include "plugins/http/gzip.h"

#include <assert.h>
#include <zlib.h>

enum {
	LEVEL = 3,		      /* JSON becomes a tenth with this; 9 makes it little less */
	GZIP_WINDOW = MAX_WBITS + 16, /* zlib's way to ask for gzip's frame */
	MEMORY = 8,
	PIECE = 1 << 30, /* zlib counts in 32 bits */
};

static void deflate_piece(z_stream *z, struct str *into, bool is_last)
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

void gzip_append(struct str *into, struct span bytes)
{
	z_stream z = { 0 };
	int result = deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY);

	assert(result == Z_OK);
	(void)result;
	do {
		struct span piece = span_first(bytes, PIECE);

		bytes = span_from(bytes, piece.len);
		z.next_in = (Bytef *)(uintptr_t)piece.data;
		z.avail_in = (uInt)piece.len;
		deflate_piece(&z, into, bytes.len == 0);
	} while (bytes.len > 0);
	deflateEnd(&z);
}
