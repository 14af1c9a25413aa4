/* SPDX-License-Identifier: MIT */
#include "common/line.h"

#include "tests/unit/unit.h"

static void assert_line(struct span text, const char *expected)
{
	struct str line = { 0 };

	str_append_text(&line, "before ");
	line_append(&line, text);
	assert_memory_equal(line.text, "before ", 7);
	assert_string_equal(line.text + 7, expected);
	str_finish(&line);
}

static void text_gets_its_end(void **state)
{
	(void)state;
	assert_line(span_of_text("disk full"), "disk full\n");
	assert_line(span_of_text("{\"a\":\"b\\nc\\\\\"}"), "{\"a\":\"b\\nc\\\\\"}\n");
	assert_line(span_of(NULL, 0), "\n");
}

static void what_ends_lines_is_written_out(void **state)
{
	(void)state;
	assert_line(span_of_text("a\nb"), "a\\nb\n");
	assert_line(span_of_text("\na\r\n"), "\\na\\r\\n\n");
	assert_line(span_of("a\0\n", 3), "a\\0\\n\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_gets_its_end),
		cmocka_unit_test(what_ends_lines_is_written_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
