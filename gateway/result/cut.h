/* SPDX-License-Identifier: MIT */
/*
 * Text that is too long, as every encoder shortens it.
 */
#ifndef GATEWAY_RESULT_CUT_H
#define GATEWAY_RESULT_CUT_H

#include "common/span.h"

/* What stands behind a text that was cut; printf's for how many bytes are missing (size_t). */
#define CUT_MARKER " [cut, %zu bytes]"

enum { MAX_MARKER_BYTES = 48 }; /* bytes of it, and a NUL */

/* The first `max` bytes of the text, less if that would part a character. */
static inline struct span first_characters(struct span text, size_t max)
{
	if (text.len <= max)
		return text;
	/* At most three: bytes that are not UTF-8 at all may be parted anywhere. */
	for (int i = 0; i < 3 && max > 0 && (text.data[max] & 0xc0) == 0x80; i++)
		max--;
	return span_first(text, max);
}

#endif
