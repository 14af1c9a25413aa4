/* SPDX-License-Identifier: MIT */
/*
 * A growable string of bytes.
 *
 * Zeroed memory is a valid empty string: `struct str s = { 0 };`. Once anything was appended,
 * text[len] is a NUL that does not count, so that a str without NULs inside can be printed.
 * str_finish() gives the memory back and leaves a valid empty string.
 */
#ifndef COMMON_STR_H
#define COMMON_STR_H

#include "common/span.h"

#include <stdarg.h>

struct str {
	char *text; /* NULL before the first append */
	size_t len;
	size_t capacity;
};

void str_finish(struct str *s);

/* Forget the contents, keep the memory. */
static inline void str_clear(struct str *s)
{
	s->len = 0;
	if (s->text != NULL)
		s->text[0] = '\0';
}

/* Make room for `more` bytes and the NUL behind them; pointers into the text may move. */
void str_reserve(struct str *s, size_t more);

void str_append(struct str *s, struct span bytes);
void str_append_text(struct str *s, const char *text);
void str_append_byte(struct str *s, char byte);
/* In decimal. */
void str_append_number(struct str *s, uint64_t number);
/* With as few digits as read back as the same number. `number` is finite. */
void str_append_double(struct str *s, double number);
void str_printf(struct str *s, const char *format, ...) PRINTF_LIKE(2, 3);
void str_vprintf(struct str *s, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Cut the string down to `len` bytes; longer than it is: no effect. */
void str_truncate(struct str *s, size_t len);

/* Remove the first `count` bytes. */
void str_remove_front(struct str *s, size_t count);

/*
 * Append bytes that a stranger chose, fit for one line of a log or a terminal: control
 * characters, DEL, C1 and broken UTF-8 become \xNN, a backslash is doubled.
 */
void str_append_escaped(struct str *s, struct span bytes);

/* The contents as a C string, never NULL. Valid until the next change. */
static inline const char *str_text(const struct str *s)
{
	return s->text != NULL ? s->text : "";
}

static inline struct span str_span(const struct str *s)
{
	return span_of(s->text, s->len);
}

/* Hand the text to the caller, who frees it; the string is empty again. Never NULL. */
char *str_take(struct str *s);

#endif
