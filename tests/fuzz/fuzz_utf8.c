/* SPDX-License-Identifier: MIT */
/*
 * UTF-8: the quick look at eight bytes at a time agrees with decoding character by character,
 * encoding gives back what was decoded, and escaped text is printable.
 */
#include "common/str.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

static void compare(struct span s)
{
	bool valid = true, valid_mqtt = true;

	for (struct span rest = s; rest.len > 0 && valid;) {
		uint8_t again[4];
		uint32_t c;
		size_t len = utf8_decode(rest, &c);

		valid = len > 0;
		if (!valid)
			break;
		REQUIRE(utf8_encode(c, again) == len && memcmp(again, rest.data, len) == 0);
		valid_mqtt = valid_mqtt && !is_control(c) && (c & 0xfffe) != 0xfffe &&
			     !(c >= 0xfdd0 && c <= 0xfdef);
		rest = span_from(rest, len);
	}
	REQUIRE(utf8_valid(s) == valid);
	REQUIRE(utf8_valid_mqtt(s) == (valid && valid_mqtt));
}

static void escape(struct span s)
{
	struct str out = { 0 };
	struct span rest;

	str_append_escaped(&out, s);
	REQUIRE(out.len >= s.len && utf8_valid(str_span(&out)));
	for (rest = str_span(&out); rest.len > 0;) {
		uint32_t c;
		size_t len = utf8_decode(rest, &c);

		REQUIRE(!is_control(c));
		rest = span_from(rest, len);
	}
	str_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* at every alignment of the eight-byte steps */
	for (size_t skip = 0; skip < 8 && skip <= size; skip++)
		compare(span_from(span_of(data, size), skip));
	escape(span_of(data, size));
	return 0;
}
