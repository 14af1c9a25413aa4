/* SPDX-License-Identifier: MIT */
#include "common/str.h"

#include "common/mem.h"
#include "common/utf8.h"

#include <stdio.h>

void str_finish(struct str *s)
{
	free(s->text);
	*s = (struct str){ 0 };
}

void str_reserve(struct str *s, size_t more)
{
	size_t needed = s->len + more + 1;
	size_t capacity = s->capacity > 0 ? s->capacity : 32;

	if (more >= SIZE_MAX / 4 || s->len >= SIZE_MAX / 4)
		abort();
	if (needed <= s->capacity)
		return;
	while (capacity < needed)
		capacity *= 2;
	s->text = xrealloc(s->text, capacity);
	s->capacity = capacity;
}

void str_append(struct str *s, struct span bytes)
{
	if (bytes.len >= s->capacity - s->len) /* the NUL has no room then, at the least */
		str_reserve(s, bytes.len);
	if (bytes.len > 0)
		memcpy(s->text + s->len, bytes.data, bytes.len);
	s->len += bytes.len;
	s->text[s->len] = '\0';
}

void str_append_text(struct str *s, const char *text)
{
	str_append(s, span_of_text(text));
}

void str_append_byte(struct str *s, char byte)
{
	str_append(s, span_of(&byte, 1));
}

void str_append_number(struct str *s, uint64_t number)
{
	char text[20]; /* as many digits as UINT64_MAX has */
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	str_append(s, span_of(text + at, sizeof(text) - at));
}

void str_append_double(struct str *s, double number)
{
	char text[32];

	snprintf(text, sizeof(text), "%.15g", number);
	if (strtod(text, NULL) != number)
		snprintf(text, sizeof(text), "%.17g", number);
	str_append_text(s, text);
}

void str_vprintf(struct str *s, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len > 0) {
		str_reserve(s, (size_t)len);
		vsnprintf(s->text + s->len, (size_t)len + 1, format, again);
		s->len += (size_t)len;
	}
	va_end(again);
}

void str_printf(struct str *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	str_vprintf(s, format, args);
	va_end(args);
}

void str_truncate(struct str *s, size_t len)
{
	if (len >= s->len)
		return;
	s->len = len;
	s->text[len] = '\0';
}

void str_remove_front(struct str *s, size_t count)
{
	if (count == 0)
		return;
	if (count >= s->len) {
		str_clear(s);
		return;
	}
	memmove(s->text, s->text + count, s->len - count + 1);
	s->len -= count;
}

void str_append_escaped(struct str *s, struct span bytes)
{
	while (bytes.len > 0) {
		uint32_t c;
		size_t len = utf8_decode(bytes, &c);

		if (len == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
			len = len == 0 ? 1 : len;
			for (size_t i = 0; i < len; i++)
				str_printf(s, "\\x%02x", bytes.data[i]);
		} else if (c == '\\') {
			str_append_text(s, "\\\\");
		} else {
			str_append(s, span_first(bytes, len));
		}
		bytes = span_from(bytes, len);
	}
}

char *str_take(struct str *s)
{
	char *text = s->text != NULL ? s->text : xstrdup("");

	*s = (struct str){ 0 };
	return text;
}
