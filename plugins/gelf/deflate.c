/* SPDX-License-Identifier: MIT */
#include "plugins/gelf/deflate.h"

#include <zlib.h>

#include "common/mem.h"

struct deflater {
	z_stream stream;
	struct str result;
};

struct deflater *deflater_create(void)
{
	struct deflater *d = xcalloc(1, sizeof(*d));

	if (deflateInit(&d->stream, Z_DEFAULT_COMPRESSION) != Z_OK)
		abort(); /* memory alone can be missing */
	return d;
}

void deflater_destroy(struct deflater *d)
{
	if (d == NULL)
		return;
	deflateEnd(&d->stream);
	str_finish(&d->result);
	free(d);
}

struct span deflater_compress(struct deflater *d, struct span message)
{
	uLong most = deflateBound(&d->stream, (uLong)message.len);

	str_clear(&d->result);
	str_reserve(&d->result, most);
	deflateReset(&d->stream);
	d->stream.next_in = (Bytef *)(uintptr_t)message.data;
	d->stream.avail_in = (uInt)message.len;
	d->stream.next_out = (Bytef *)d->result.text;
	d->stream.avail_out = (uInt)most;
	if (deflate(&d->stream, Z_FINISH) != Z_STREAM_END)
		abort(); /* there is room for all of it */
	return span_of(d->result.text, d->stream.total_out);
}
