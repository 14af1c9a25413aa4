/* SPDX-License-Identifier: MIT */
#include "common/utf8.h"

#include "tests/unit/unit.h"

static const struct {
	struct span text;
	bool valid;
	bool valid_mqtt;
} rows[] = {
	{ SPAN(""), true, true },
	{ SPAN("plain"), true, true },
	{ SPAN("longer than eight bytes, all printable ~"), true, true },
	{ SPAN("\xc3\xa4"), true, true },
	{ SPAN("\xe2\x82\xac"), true, true },
	{ SPAN("\xf0\x9f\x94\x94"), true, true },
	{ SPAN("\xef\xbb\xbf"), true, true }, /* a BOM is a character [v5 MQTT-1.5.4-3] */
	{ SPAN("\xf4\x8f\xbf\xbd"), true, true },
	/* the edges of each length */
	{ SPAN("\xc2\x80"), true, false },
	{ SPAN("\xc2\x9f"), true, false },
	{ SPAN("\xc2\xa0"), true, true },
	{ SPAN("\xdf\xbf"), true, true },
	{ SPAN("\xe0\xa0\x80"), true, true },
	{ SPAN("\xed\x9f\xbf"), true, true },
	{ SPAN("\xee\x80\x80"), true, true },
	{ SPAN("\xf0\x90\x80\x80"), true, true },
	/* U+0000 [v5 MQTT-1.5.4-2] and control characters */
	{ SPAN("\0"), true, false },
	{ SPAN("a\0b"), true, false },
	{ SPAN("12345678\0"), true, false },
	{ SPAN("1234567\0"), true, false },
	{ SPAN("\n"), true, false },
	{ SPAN("1234\x1f"
	       "678"),
			true, false },
	{ SPAN("\x7f"), true, false },
	{ SPAN("1234567\x7f"), true, false },
	/* non-characters */
	{ SPAN("\xef\xbf\xbe"), true, false },
	{ SPAN("\xef\xbf\xbf"), true, false },
	{ SPAN("\xf0\x9f\xbf\xbe"), true, false },
	{ SPAN("\xef\xb7\x8f"), true, true },
	{ SPAN("\xef\xb7\x90"), true, false },
	{ SPAN("\xef\xb7\xaf"), true, false },
	{ SPAN("\xef\xb7\xb0"), true, true },
	/* overlong: CVE-like ways to smuggle a slash or a NUL */
	{ SPAN("\xc0\xaf"), false, false },
	{ SPAN("\xc1\xbf"), false, false },
	{ SPAN("\xc0\x80"), false, false },
	{ SPAN("\xe0\x9f\xbf"), false, false },
	{ SPAN("\xf0\x8f\xbf\xbf"), false, false },
	/* surrogates [v5 MQTT-1.5.4-1] */
	{ SPAN("\xed\xa0\x80"), false, false },
	{ SPAN("\xed\xbf\xbf"), false, false },
	/* above U+10FFFF */
	{ SPAN("\xf4\x90\x80\x80"), false, false },
	{ SPAN("\xf5\x80\x80\x80"), false, false },
	{ SPAN("\xff"), false, false },
	/* broken off or out of place */
	{ SPAN("\x80"), false, false },
	{ SPAN("\xbf"), false, false },
	{ SPAN("\xc3"), false, false },
	{ SPAN("\xe2\x82"), false, false },
	{ SPAN("\xf0\x9f\x94"), false, false },
	{ SPAN("\xc3 "), false, false },
	{ SPAN("\xe2\x82 "), false, false },
	{ SPAN("ascii first then \xc3"), false, false },
};

static void validity_follows_rfc_3629_and_mqtt(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		print_message("row %zu\n", i);
		assert_int_equal(utf8_valid(rows[i].text), rows[i].valid);
		assert_int_equal(utf8_valid_mqtt(rows[i].text), rows[i].valid_mqtt);
	}
}

/* The look at eight bytes at a time agrees with the look at each byte, wherever the byte stands. */
static void every_byte_value_is_judged_alike_at_every_place(void **unused)
{
	(void)unused;
	for (unsigned byte = 0; byte < 256; byte++) {
		for (size_t place = 0; place < 20; place++) {
			uint8_t text[20];
			struct span s = span_of(text, sizeof(text));

			memset(text, 'a', sizeof(text));
			text[place] = (uint8_t)byte;
			assert_int_equal(utf8_valid(s), byte < 0x80);
			assert_int_equal(utf8_valid_mqtt(s), byte >= 0x20 && byte < 0x7f);
		}
	}
}

static void encoding_and_decoding_agree_on_every_code_point(void **unused)
{
	(void)unused;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		uint8_t bytes[4];
		size_t len = utf8_encode(code, bytes);
		uint32_t back = UINT32_MAX;
		bool surrogate = code >= 0xd800 && code <= 0xdfff;

		assert_true(len >= 1 && len <= 4);
		assert_int_equal(utf8_decode(span_of(bytes, len), &back), surrogate ? 0 : len);
		if (!surrogate)
			assert_int_equal(back, code);
		if (len > 1)
			assert_int_equal(utf8_decode(span_of(bytes, len - 1), &back), 0);
	}
}

static void nothing_is_no_character(void **unused)
{
	uint32_t code = 7;

	(void)unused;
	assert_int_equal(utf8_decode((struct span){ NULL, 0 }, &code), 0);
	assert_int_equal(code, 7);
}

static void a_cut_never_parts_a_character(void **state)
{
	static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const size_t lengths[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };

	(void)state;
	for (size_t i = 0; i < array_size(lengths); i++)
		assert_int_equal(utf8_first(span_of_text(text), i).len, lengths[i]);
	assert_int_equal(utf8_first(span_of("\x80\x80\x80\x80\x80\x80", 6), 5).len, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_never_parts_a_character),
		cmocka_unit_test(validity_follows_rfc_3629_and_mqtt),
		cmocka_unit_test(every_byte_value_is_judged_alike_at_every_place),
		cmocka_unit_test(encoding_and_decoding_agree_on_every_code_point),
		cmocka_unit_test(nothing_is_no_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
