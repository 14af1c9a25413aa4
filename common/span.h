/* SPDX-License-Identifier: MIT */
/*
 * A span is borrowed bytes: a pointer and a length, never owned, never NUL-terminated.
 *
 * A span lives as long as what it points into, usually a receive buffer, and that is the duration
 * of one call. Whoever keeps the bytes longer copies them. `data` may be NULL when `len` is 0.
 */
#ifndef COMMON_SPAN_H
#define COMMON_SPAN_H

#include "common/base.h"

#include <string.h>

struct span {
	const uint8_t *data;
	size_t len;
};

/* The span of a string literal, usable in initialisers. */
#define SPAN(literal)                                                                              \
	{                                                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1                                 \
	}

/* Arguments for printf's "%.*s". */
#define SPAN_ARGS(s) (int)(s).len, (s).len > 0 ? (const char *)(s).data : ""

static inline struct span span_of(const void *data, size_t len)
{
	return (struct span){ data, len };
}

static inline struct span span_of_text(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool span_equal_text(struct span a, const char *text)
{
	return span_equal(a, span_of_text(text));
}

static inline bool span_starts_with(struct span s, struct span prefix)
{
	return s.len >= prefix.len && span_equal(span_of(s.data, prefix.len), prefix);
}

/* The bytes of `s` from `offset` on; empty when `offset` lies behind its end. */
static inline struct span span_from(struct span s, size_t offset)
{
	if (offset >= s.len)
		return (struct span){ NULL, 0 };
	return (struct span){ s.data + offset, s.len - offset };
}

/* The first `len` bytes of `s`, or all of it when it is shorter. */
static inline struct span span_first(struct span s, size_t len)
{
	return (struct span){ s.data, len < s.len ? len : s.len };
}

/* Offset of the first `byte`, or s.len when there is none. */
static inline size_t span_find(struct span s, uint8_t byte)
{
	const uint8_t *at = s.len > 0 ? memchr(s.data, byte, s.len) : NULL;

	return at != NULL ? (size_t)(at - s.data) : s.len;
}

/*
 * Cut the part before the next `separator` off the front of *rest and return it.
 * The last part takes everything; *rest then has data == NULL, which ends a loop:
 *
 *     while (rest.data != NULL)
 *             part = span_cut(&rest, '/');
 */
static inline struct span span_cut(struct span *rest, uint8_t separator)
{
	size_t at = span_find(*rest, separator);
	struct span part = span_first(*rest, at);

	*rest = at < rest->len ? (struct span){ rest->data + at + 1, rest->len - at - 1 }
			       : (struct span){ NULL, 0 };
	return part;
}

static inline bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* `s` without blanks, tabs, CR and LF at both ends. */
static inline struct span span_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* The text as a new NUL-terminated string; the caller frees it. */
char *span_dup_text(struct span s);

/*
 * A decimal number and nothing else, at most `max`. False leaves *ret alone.
 */
bool span_to_uint(struct span s, uint64_t max, uint64_t *ret);

/* Equal but for ASCII case. */
bool span_equal_nocase(struct span a, struct span b);

#endif
