/* SPDX-License-Identifier: MIT */
/*
 * Bytes compressed by zlib, with its memory kept from one time to the next. A build without zlib
 * is without this: plugins that use it name zlib in the Makefile (PLUGIN_NEEDS).
 *
 * One thread at a time.
 */
#ifndef PLUGINS_DEFLATE_H
#define PLUGINS_DEFLATE_H

#include "common/str.h"

enum deflate_frame {
	DEFLATE_ZLIB, /* RFC 1950 */
	DEFLATE_GZIP, /* RFC 1952 */
};

enum { DEFLATE_USUAL = -1 }; /* zlib's own choice of a level */

struct deflater;

/* `level` is 1 (fast) to 9 (small), or DEFLATE_USUAL. Never NULL. */
struct deflater *deflater_create(int level, enum deflate_frame frame);
void deflater_destroy(struct deflater *d); /* accepts NULL */

/* Append `bytes`, compressed, as a stream of their own. */
void deflater_append(struct deflater *d, struct str *into, struct span bytes);

#endif
