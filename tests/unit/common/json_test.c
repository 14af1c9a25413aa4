/* SPDX-License-Identifier: MIT */
#include "common/json.h"

#include "tests/unit/unit.h"

static void check_string(struct span text, const char *wanted)
{
	struct str s = { 0 };

	json_append_string(&s, text);
	assert_string_equal(str_text(&s), wanted);
	str_finish(&s);
}

static void test_strings(void **unused)
{
	(void)unused;
	check_string(BYTES(""), "\"\"");
	check_string(BYTES("pump-7"), "\"pump-7\"");
	check_string(BYTES("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
	check_string(BYTES("\x1b[0m\x7f\xc2\x9b"), "\"\\u001b[0m\\u007f\\u009b\"");
	check_string(BYTES("Gr\xc3\xbc\xc3\x9f"
			   "e"),
			"\"Gr\xc3\xbc\xc3\x9f"
			"e\"");
	check_string(BYTES("a\xff\0z"), "\"a\xef\xbf\xbd\xef\xbf\xbdz\"");
}

static void test_what_others_printed(void **unused)
{
	struct str s = { 0 };

	(void)unused;
	json_append_printed(&s, BYTES("{\"a\\\"\x7f\":\n[1,\"\\\\\"],\"\xc2\x9b\xff\":\t2}"));
	assert_string_equal(str_text(&s),
			"{\"a\\\"\\u007f\": [1,\"\\\\\"],\"\\u009b\xef\xbf\xbd\": 2}");
	str_finish(&s);
}

static void test_numbers(void **unused)
{
	static const char *const good[] = { "0", "7", "120", "0.25", "1.5", "9007199254740993" };
	static const char *const bad[] = { "", ".", ".5", "5.", "1.2.3", "01", "-1", "1e3", "x",
		"7 seconds" };

	(void)unused;
	for (size_t i = 0; i < array_size(good); i++)
		assert_true(json_is_number(span_of_text(good[i])));
	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(json_is_number(span_of_text(bad[i])));
}

/* Each byte at each place of a text that is looked at eight bytes at a time. */
static void every_byte_at_every_place(void **state)
{
	static const char shorthands[256] = {
		['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\'
	};

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < 17; at++) {
			char text[17];
			struct str wanted = { 0 }, got = { 0 };

			memset(text, 'a', sizeof(text));
			text[at] = (char)c;
			str_append(&wanted, span_of(text, at));
			if (c == 0 || c >= 0x80)
				str_append_text(&wanted, "\xef\xbf\xbd");
			else if (shorthands[c] != 0)
				str_printf(&wanted, "\\%c", shorthands[c]);
			else if (c < 0x20 || c == 0x7f)
				str_printf(&wanted, "\\u%04x", c);
			else
				str_append_byte(&wanted, (char)c);
			str_append(&wanted, span_of(text + at + 1, sizeof(text) - at - 1));
			json_append_escaped(&got, span_of(text, sizeof(text)));
			assert_string_equal(str_text(&got), str_text(&wanted));
			str_finish(&wanted);
			str_finish(&got);
		}
	}
}

static void members_begin_with_a_comma(void **state)
{
	struct str text = { 0 };

	(void)state;
	json_append_member(&text, "k\"", span_of_text("v\n"));
	json_append_time(&text, "t", (struct wall_time){ 1500000000 });
	assert_string_equal(
			str_text(&text), ",\"k\\\"\":\"v\\n\",\"t\":\"1970-01-01T00:00:01.500Z\"");
	str_finish(&text);
}

static void a_plain_run_ends_where_something_is_to_be_escaped(void **state)
{
	static const char *const ends[] = { "\"", "\\", "\n", "\x7f", "\xc3\xbc" };

	(void)state;
	for (size_t before = 0; before < 20; before++) {
		for (size_t i = 0; i < array_size(ends); i++) {
			struct str text = { 0 };

			str_printf(&text, "%.*s%sabcdefgh", (int)before, "abcdefghijklmnopqrst",
					ends[i]);
			assert_int_equal(json_plain_run(str_span(&text)), before);
			str_truncate(&text, before);
			assert_int_equal(json_plain_run(str_span(&text)), before);
			str_finish(&text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_run_ends_where_something_is_to_be_escaped),
		cmocka_unit_test(members_begin_with_a_comma),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(every_byte_at_every_place),
		cmocka_unit_test(test_what_others_printed),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
