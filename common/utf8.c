/* SPDX-License-Identifier: MIT */
#include "common/utf8.h"

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t utf8_decode(struct span s, uint32_t *ret_code)
{
	static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code;
	size_t len;

	if (s.len == 0)
		return 0;
	if (s.data[0] < 0x80) {
		*ret_code = s.data[0];
		return 1;
	}
	len = s.data[0] >= 0xf0 ? 4 : s.data[0] >= 0xe0 ? 3 : 2;
	if (s.data[0] < 0xc2 || s.data[0] > 0xf4 || s.len < len)
		return 0;
	code = s.data[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if (!is_continuation(s.data[i]))
			return 0;
		code = code << 6 | (s.data[i] & 0x3fU);
	}
	if (code < smallest[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return len;
}

size_t utf8_encode(uint32_t code, uint8_t at[4])
{
	static const uint8_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	if (len == 1) {
		at[0] = (uint8_t)code;
		return 1;
	}
	for (size_t i = len - 1; i > 0; i--) {
		at[i] = (uint8_t)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	at[0] = (uint8_t)(lead[len] | code);
	return len;
}

/* How many of the first bytes are printable ASCII: the common case, eight at a time. */
static size_t printable_run(struct span s)
{
	size_t at = 0;

	for (; at + 8 <= s.len; at += 8) {
		uint64_t word;

		memcpy(&word, s.data + at, 8);
		/* A byte is rejected when its top bit is set, it is below 0x20, or it is 0x7f. */
		if (((word | (word - 0x2020202020202020U) | (word + 0x0101010101010101U)) &
				    0x8080808080808080U) != 0)
			break;
	}
	while (at < s.len && s.data[at] >= 0x20 && s.data[at] < 0x7f)
		at++;
	return at;
}

bool utf8_valid(struct span s)
{
	while ((s = span_from(s, printable_run(s))).len > 0) {
		uint32_t code;
		size_t len = utf8_decode(s, &code);

		if (len == 0)
			return false;
		s = span_from(s, len);
	}
	return true;
}

static bool is_forbidden_by_mqtt(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code & 0xfffe) == 0xfffe ||
	       (code >= 0xfdd0 && code <= 0xfdef);
}

bool utf8_valid_mqtt(struct span s)
{
	while ((s = span_from(s, printable_run(s))).len > 0) {
		uint32_t code;
		size_t len = utf8_decode(s, &code);

		if (len == 0 || is_forbidden_by_mqtt(code))
			return false;
		s = span_from(s, len);
	}
	return true;
}

struct span utf8_first(struct span text, size_t most)
{
	if (text.len <= most)
		return text;
	/* At most three: bytes that are not UTF-8 at all may be parted anywhere. */
	for (int i = 0; i < 3 && most > 0 && is_continuation(text.data[most]); i++)
		most--;
	return span_first(text, most);
}
