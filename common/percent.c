/* SPDX-License-Identifier: MIT */
#include "common/percent.h"

#include "common/hex.h"

bool percent_decode(struct span text, struct str *into)
{
	size_t plain = span_find(text, '%');

	while (plain < text.len) {
		int high, low;

		str_append(into, span_first(text, plain));
		text = span_from(text, plain);
		high = text.len > 2 ? hex_digit(text.data[1]) : -1;
		low = text.len > 2 ? hex_digit(text.data[2]) : -1;
		if (high < 0 || low < 0)
			return false;
		str_append_byte(into, (char)(high << 4 | low));
		text = span_from(text, 3);
		plain = span_find(text, '%');
	}
	str_append(into, text);
	return true;
}

static bool is_unreserved(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

void percent_encode(struct span bytes, struct str *into)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.data[i];
		const char escape[] = { '%', digits[c >> 4], digits[c & 15] };

		if (is_unreserved(c))
			str_append_byte(into, (char)c);
		else
			str_append(into, span_of(escape, sizeof(escape)));
	}
}
