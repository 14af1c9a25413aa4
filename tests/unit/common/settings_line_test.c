/* SPDX-License-Identifier: MIT */
#include "common/settings.h"

#include "tests/unit/unit.h"

static struct settings_line line;
static struct span text;

static void read_from(struct span s)
{
	line = (struct settings_line){ .file = "f" };
	text = s;
}

static void assert_next(unsigned number, const char *rest)
{
	assert_true(settings_next_line(&line, &text));
	assert_int_equal(line.number, number);
	assert_true(span_equal_text(line.rest, rest));
}

static void assert_end(void)
{
	assert_false(settings_next_line(&line, &text));
	assert_false(settings_next_line(&line, &text));
}

static void a_line_comes_with_its_number(void **unused)
{
	(void)unused;
	read_from(span_of_text("one\ntwo words\nthree\n"));
	assert_next(1, "one");
	assert_next(2, "two words");
	assert_next(3, "three");
	assert_end();
}

static void what_says_nothing_is_passed_over_and_counted(void **unused)
{
	(void)unused;
	read_from(span_of_text("\n \t\n# a comment\n\t # another\n\r\none\n\n#\n"));
	assert_next(6, "one");
	assert_end();
}

static void the_ends_of_a_line_are_trimmed_and_its_middle_is_not(void **unused)
{
	(void)unused;
	read_from(span_of_text(" \tone  # two\t \r\nthree#\r\n"));
	assert_next(1, "one  # two");
	assert_next(2, "three#");
	assert_end();
}

static void the_last_line_needs_no_newline(void **unused)
{
	(void)unused;
	read_from(span_of_text("\none"));
	assert_next(2, "one");
	assert_end();
}

static void a_nul_is_a_byte_like_others(void **unused)
{
	(void)unused;
	read_from(span_of("a\0b\nc", 5));
	assert_true(settings_next_line(&line, &text));
	assert_int_equal(line.rest.len, 3);
	assert_next(2, "c");
	assert_end();
}

static void no_text_has_no_line(void **unused)
{
	(void)unused;
	read_from((struct span){ NULL, 0 });
	assert_end();
	read_from(span_of_text(""));
	assert_end();
}

static void words_are_taken_from_the_front(void **unused)
{
	(void)unused;
	read_from(span_of_text("topic \t read  a b\n"));
	assert_next(1, "topic \t read  a b");
	assert_true(span_equal_text(settings_word(&line), "topic"));
	assert_true(span_equal_text(settings_word(&line), "read"));
	assert_true(span_equal_text(line.rest, "a b"));
	assert_end();
}

static void an_error_tells_the_place(void **unused)
{
	struct settings_report report = { 0 };

	(void)unused;
	read_from(span_of_text("\nword\n"));
	line.report = &report;
	assert_next(2, "word");
	assert_false(settings_error(&line, line.rest, "is %s", "odd"));
	assert_string_equal(str_text(&report.text), "f:2: 'word': is odd\n");
	assert_int_equal(report.errors, 1);
	str_finish(&report.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_comes_with_its_number),
		cmocka_unit_test(what_says_nothing_is_passed_over_and_counted),
		cmocka_unit_test(the_ends_of_a_line_are_trimmed_and_its_middle_is_not),
		cmocka_unit_test(the_last_line_needs_no_newline),
		cmocka_unit_test(a_nul_is_a_byte_like_others),
		cmocka_unit_test(no_text_has_no_line),
		cmocka_unit_test(words_are_taken_from_the_front),
		cmocka_unit_test(an_error_tells_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
