/* SPDX-License-Identifier: MIT */
#include "common/line.h"

static const char *escape_of(uint8_t byte)
{
	return byte == '\n' ? "\\n" : byte == '\r' ? "\\r" : "\\0";
}

/* How many bytes from the front may stay as they are. */
static size_t plain_run(struct span text)
{
	size_t run = span_find(text, '\n');

	run = span_find(span_first(text, run), '\r');
	return span_find(span_first(text, run), '\0');
}

void line_append(struct str *into, struct span text)
{
	str_reserve(into, text.len + 1);
	while (text.len > 0) {
		size_t run = plain_run(text);

		str_append(into, span_first(text, run));
		if (run < text.len)
			str_append_text(into, escape_of(text.data[run]));
		text = span_from(text, run + 1);
	}
	str_append_byte(into, '\n');
}
