/* SPDX-License-Identifier: MIT */
#include "common/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct span bytes, bool padded, struct str *into)
{
	char *to;

	str_reserve(into, bytes.len / 3 * 4 + 4);
	to = into->text + into->len;
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t group = (uint32_t)bytes.data[i] << 16;

		group |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
		group |= left > 2 ? bytes.data[i + 2] : 0;
		to[0] = alphabet[group >> 18];
		to[1] = alphabet[group >> 12 & 63];
		to[2] = left > 1 ? alphabet[group >> 6 & 63] : '=';
		to[3] = left > 2 ? alphabet[group & 63] : '=';
		to += padded || left > 2 ? 4 : left + 1;
	}
	*to = '\0';
	into->len = (size_t)(to - into->text);
}

static bool value_of(uint8_t c, uint32_t *ret)
{
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	if (at == NULL)
		return false;
	*ret = (uint32_t)(at - alphabet);
	return true;
}

/* Without the `=` at its end; false when there are some, but not as many as there should be. */
static bool cut_padding(struct span *text)
{
	size_t padding = 0;

	while (padding < 2 && padding < text->len && text->data[text->len - 1 - padding] == '=')
		padding++;
	if (padding > 0 && text->len % 4 != 0)
		return false;
	text->len -= padding;
	return true;
}

bool base64_decode(struct span text, uint8_t *at, size_t size, size_t *ret_len)
{
	uint32_t bits = 0, value;
	unsigned count = 0;
	size_t len = 0;

	if (!cut_padding(&text) || text.len % 4 == 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!value_of(text.data[i], &value))
			return false;
		bits = bits << 6 | value;
		count += 6;
		if (count < 8)
			continue;
		if (len == size)
			return false;
		count -= 8;
		at[len++] = (uint8_t)(bits >> count);
		bits &= (1U << count) - 1;
	}
	if (bits != 0)
		return false;
	*ret_len = len;
	return true;
}
