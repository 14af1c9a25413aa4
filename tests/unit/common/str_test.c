/* SPDX-License-Identifier: MIT */
#include "common/str.h"

#include "tests/unit/unit.h"

/* What holds after every operation. */
static void check(const struct str *s)
{
	if (s->text == NULL) {
		assert_int_equal(s->len, 0);
		assert_int_equal(s->capacity, 0);
		return;
	}
	assert_true(s->len < s->capacity);
	assert_int_equal(s->text[s->len], '\0');
}

static void zeroed_memory_is_an_empty_string(void **unused)
{
	struct str s = { 0 };

	(void)unused;
	check(&s);
	assert_string_equal(str_text(&s), "");
	assert_int_equal(str_span(&s).len, 0);
	str_clear(&s);
	str_truncate(&s, 0);
	str_remove_front(&s, 3);
	str_finish(&s);
	check(&s);
}

static void every_way_to_append_keeps_the_nul_behind_the_text(void **unused)
{
	struct str s = { 0 };

	(void)unused;
	str_append(&s, (struct span){ NULL, 0 });
	check(&s);
	str_append_text(&s, "ab");
	check(&s);
	str_append_byte(&s, 'c');
	check(&s);
	str_printf(&s, "%d-%s", 42, "x");
	check(&s);
	str_printf(&s, "%s", "");
	check(&s);
	assert_string_equal(s.text, "abc42-x");
	str_finish(&s);
	check(&s);
}

static void it_grows_past_any_capacity(void **unused)
{
	struct str s = { 0 };

	(void)unused;
	for (int i = 0; i < 1000; i++) {
		str_append_byte(&s, (char)('a' + i % 26));
		check(&s);
		assert_int_equal(s.len, i + 1);
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(s.text[i], 'a' + i % 26);
	str_printf(&s, "%5000d", 1);
	check(&s);
	assert_int_equal(s.len, 6000);
	str_finish(&s);
}

static void truncating_never_makes_it_longer(void **unused)
{
	struct str s = { 0 };

	(void)unused;
	str_append_text(&s, "abc");
	str_truncate(&s, 7);
	assert_string_equal(s.text, "abc");
	str_truncate(&s, 1);
	check(&s);
	assert_string_equal(s.text, "a");
	str_finish(&s);
}

static void removing_from_the_front_moves_the_rest(void **unused)
{
	struct str s = { 0 };

	(void)unused;
	str_append_text(&s, "abcdef");
	str_remove_front(&s, 0);
	assert_string_equal(s.text, "abcdef");
	str_remove_front(&s, 2);
	check(&s);
	assert_string_equal(s.text, "cdef");
	str_remove_front(&s, 99);
	check(&s);
	assert_string_equal(s.text, "");
	str_finish(&s);
}

static void taking_the_text_leaves_an_empty_string(void **unused)
{
	struct str s = { 0 };
	char *text;

	(void)unused;
	str_append_text(&s, "abc");
	text = str_take(&s);
	assert_string_equal(text, "abc");
	check(&s);
	free(text);
	text = str_take(&s);
	assert_string_equal(text, "");
	free(text);
}

static void text_of_strangers_is_escaped(void **unused)
{
	static const struct {
		struct span from;
		const char *to;
	} rows[] = {
		{ SPAN("plain text"), "plain text" },
		{ SPAN("a\nb\r\t"), "a\\x0ab\\x0d\\x09" },
		{ SPAN("\0"), "\\x00" },
		{ SPAN("\033[2J"), "\\x1b[2J" },
		{ SPAN("\x7f"), "\\x7f" },
		{ SPAN("C:\\x"), "C:\\\\x" },
		{ SPAN("\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x94"),
				"\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x94" },
		{ SPAN("\xc2\x9b"), "\\xc2\\x9b" }, /* C1: CSI */
		{ SPAN("\xc2\xa0"), "\xc2\xa0" },
		{ SPAN("\xff\xc3"), "\\xff\\xc3" },
		{ SPAN("\xc0\x8a"), "\\xc0\\x8a" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct str s = { 0 };

		str_append_escaped(&s, rows[i].from);
		check(&s);
		assert_string_equal(str_text(&s), rows[i].to);
		str_finish(&s);
	}
}

static void numbers_are_decimal(void **state)
{
	struct str s = { 0 };

	(void)state;
	str_append_number(&s, 0);
	str_append_byte(&s, ' ');
	str_append_number(&s, 1230);
	str_append_byte(&s, ' ');
	str_append_number(&s, UINT64_MAX);
	assert_string_equal(str_text(&s), "0 1230 18446744073709551615");
	str_finish(&s);
}

static void doubles_read_back_as_they_were_in_few_digits(void **state)
{
	static const struct {
		double number;
		const char *text;
	} rows[] = { { 0, "0" }, { 98, "98" }, { 0.1, "0.1" }, { -4.25, "-4.25" },
		{ 1.0 / 3, "0.33333333333333331" }, { 5e-324, "4.94065645841247e-324" } };

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct str s = { 0 };

		str_append_double(&s, rows[i].number);
		check(&s);
		assert_string_equal(str_text(&s), rows[i].text);
		assert_true(strtod(str_text(&s), NULL) == rows[i].number);
		str_finish(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_memory_is_an_empty_string),
		cmocka_unit_test(every_way_to_append_keeps_the_nul_behind_the_text),
		cmocka_unit_test(it_grows_past_any_capacity),
		cmocka_unit_test(truncating_never_makes_it_longer),
		cmocka_unit_test(removing_from_the_front_moves_the_rest),
		cmocka_unit_test(taking_the_text_leaves_an_empty_string),
		cmocka_unit_test(text_of_strangers_is_escaped),
		cmocka_unit_test(numbers_are_decimal),
		cmocka_unit_test(doubles_read_back_as_they_were_in_few_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
