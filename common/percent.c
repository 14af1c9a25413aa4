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
