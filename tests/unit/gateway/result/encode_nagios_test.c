/* SPDX-License-Identifier: MIT */
#include "common/name.h"
#include "gateway/result/decode.h"
#include "gateway/result/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NOW = 1795384096 };

static const struct wall_time now = { (int64_t)NOW * 1000000000 + 5 };

/* What follows "[1795384096] PROCESS_SERVICE_CHECK_RESULT;h;s;2;". */
static const struct {
	const char *output, *long_output, *perfdata;
	const char *line;
} escapes[] = {
	{ "disk full", "", "", "disk full" },
	{ "disk full", "", "used=98%;80;90", "disk full|used=98%;80;90" },
	{ "", "", "", "" },
	{ "a;b", "", "", "a;b" },
	{ "C:\\new", "", "", "C:\\\\new" },
	{ "\\n", "", "", "\\\\n" },
	{ "a\\", "", "", "a\\\\" },
	{ "a|b", "", "",
			"a\xc2\xa6"
			"b" },
	{ "a|b=1", "", "c=2",
			"a\xc2\xa6"
			"b=1|c=2" },
	{ "a\tb\x1b[31mc\x7f", "", "", "a b [31mc " },
	{ "a\xc2\x85z", "", "", "a z" },
	{ "a\nb", "", "", "a b" },
	{ "a\r\nb", "", "", "a b" },
	{ " a ", "", "", "a" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "", "", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "a\xff\xc3", "", "", "a\xef\xbf\xbd\xef\xbf\xbd" },
	{ "a", "b\nc", "", "a\\nb\\nc" },
	{ "a", "b\r\nc\rd", "", "a\\nb\\nc d" },
	{ "a", "b|c\n|d", "e=1",
			"a|e=1\\nb\xc2\xa6"
			"c\\n\xc2\xa6"
			"d" },
	{ "a", "\\n", "", "a\\n\\\\n" },
	{ "", "b", "", "\\nb" },
	/* Nagios skips a `|` in front and would take perfdata for the text. */
	{ "", "", "a=1", "CRITICAL|a=1" },
	{ "  ", "", "a=1", "CRITICAL|a=1" },
	{ "a", "", " b=1 ", "a|b=1" },
	{ "a", "", "b=1|c=2\nd=3",
			"a|b=1\xc2\xa6"
			"c=2 d=3" },
	{ "a", "", "'C:\\ x'=1", "a|'C:\\\\ x'=1" },
	{ "a", "", "  ", "a" },
};

static struct check_result result_of(
		const char *output, const char *long_output, const char *perfdata)
{
	return (struct check_result){
		.host = SPAN("h"),
		.service = SPAN("s"),
		.state = CHECK_CRITICAL,
		.output = span_of_text(output),
		.long_output = span_of_text(long_output),
		.perfdata = span_of_text(perfdata),
		.ttl = -1,
	};
}

static void text_is_escaped_as_nagios_unescapes_it(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(escapes); i++) {
		struct check_result r = result_of(
				escapes[i].output, escapes[i].long_output, escapes[i].perfdata);
		struct str line = { 0 }, expected = { 0 };

		print_message("%s\n", escapes[i].line);
		str_printf(&expected, "[%d] PROCESS_SERVICE_CHECK_RESULT;h;s;2;%s\n", NOW,
				escapes[i].line);
		assert_false(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 0));
		assert_string_equal(str_text(&line), str_text(&expected));
		str_clear(&line);
		assert_false(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, MAX_PIPE_LINE));
		assert_string_equal(str_text(&line), str_text(&expected));
		str_finish(&line);
		str_finish(&expected);
	}
}

static void a_nul_becomes_a_blank(void **unused)
{
	struct check_result r = result_of("", "", "");
	struct str line = { 0 };

	(void)unused;
	r.output = span_of("a\0b", 3);
	encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 0);
	assert_string_equal(
			str_text(&line), "[1795384096] PROCESS_SERVICE_CHECK_RESULT;h;s;2;a b\n");
	str_finish(&line);
}

static void a_result_of_a_host_names_no_service(void **unused)
{
	struct check_result r = result_of("gone", "", "");
	struct str line = { 0 };

	(void)unused;
	r.service = (struct span){ NULL, 0 };
	r.state = CHECK_WARNING;
	encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 0);
	assert_string_equal(str_text(&line), "[1795384096] PROCESS_HOST_CHECK_RESULT;h;1;gone\n");
	str_clear(&line);
	r.output = (struct span){ NULL, 0 };
	r.perfdata = (struct span)SPAN("rta=1");
	encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 0);
	assert_string_equal(
			str_text(&line), "[1795384096] PROCESS_HOST_CHECK_RESULT;h;1;DOWN|rta=1\n");
	str_finish(&line);
}

static void lines_are_appended(void **unused)
{
	struct check_result r = result_of("a", "", "");
	struct str lines = { 0 };

	(void)unused;
	encode_nagios(&lines, &r, now, DEFAULT_MAX_OUTPUT, MAX_PIPE_LINE);
	encode_nagios(&lines, &r, now, DEFAULT_MAX_OUTPUT, MAX_PIPE_LINE);
	assert_string_equal(str_text(&lines),
			"[1795384096] PROCESS_SERVICE_CHECK_RESULT;h;s;2;a\n"
			"[1795384096] PROCESS_SERVICE_CHECK_RESULT;h;s;2;a\n");
	str_finish(&lines);
}

static const struct {
	int64_t ns;
	const char *stamp;
} times[] = {
	{ 0, "[1795384096] " },				    /* none: now */
	{ 1411220019711785664, "[1411220019] " },	    /* the past stays */
	{ (int64_t)NOW * 1000000000 + 4, "[1795384096] " }, /* the present */
	{ INT64_MAX, "[1795384096] " },			    /* the future: now */
	{ (int64_t)(NOW + 1) * 1000000000, "[1795384096] " },
	{ 1, "[0] " },
	{ -1, "[0] " }, /* before 1970 */
	{ INT64_MIN, "[0] " },
};

static void the_time_stamp_is_never_in_the_future_nor_negative(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(times); i++) {
		struct check_result r = result_of("a", "", "");
		struct str line = { 0 };

		r.time.ns = times[i].ns;
		encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 0);
		assert_true(span_starts_with(str_span(&line), span_of_text(times[i].stamp)));
		str_finish(&line);
	}
}

static void what_cannot_be_a_command_appends_nothing(void **unused)
{
	static const char *const bad[] = { "", "a;b", "a\nb", " a", "a\xff" };
	struct check_result r;
	struct str line = { 0 };

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		r = result_of("x", "", "");
		r.host = span_of_text(bad[i]);
		assert_false(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 0));
		r = result_of("x", "", "");
		r.service = i > 0 ? span_of_text(bad[i]) : span_of_text("a;");
		assert_false(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 0));
	}
	r = result_of("x", "", "");
	r.state = (enum check_state)4;
	assert_false(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 0));
	r.service = (struct span){ NULL, 0 };
	r.state = CHECK_UNKNOWN;
	assert_false(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 0));
	assert_int_equal(line.len, 0);
	str_finish(&line);
}

/* What follows the header, with max_output. */
static const struct {
	const char *output, *long_output, *perfdata;
	size_t max_output;
	const char *line;
} cuts[] = {
	{ "0123456789", "", "", 10, "0123456789" },
	{ "0123456789", "", "", 9, "012345678 [cut, 1 bytes]" },
	{ "0123456789", "", "", 0, " [cut, 10 bytes]" },
	{ "\xe2\x82\xac\xe2\x82\xac", "", "", 6, "\xe2\x82\xac\xe2\x82\xac" },
	{ "\xe2\x82\xac\xe2\x82\xac", "", "", 5, "\xe2\x82\xac [cut, 3 bytes]" },
	{ "\xe2\x82\xac\xe2\x82\xac", "", "", 4, "\xe2\x82\xac [cut, 3 bytes]" },
	{ "\xe2\x82\xac\xe2\x82\xac", "", "", 3, "\xe2\x82\xac [cut, 3 bytes]" },
	{ "\xe2\x82\xac\xe2\x82\xac", "", "", 2, " [cut, 6 bytes]" },
	/* Output and long output count together; a line that is cut takes the others with it. */
	{ "01234", "56789", "", 10, "01234\\n56789" },
	{ "01234", "56789", "", 9, "01234\\n5678 [cut, 1 bytes]" },
	{ "01234", "56789", "", 5, "01234\\n [cut, 5 bytes]" },
	{ "01234", "56789", "", 4, "0123 [cut, 6 bytes]" },
	/* Perfdata apart, whole values only. */
	{ "01234", "", "a=1 b=2", 7, "01234|a=1 b=2" },
	{ "01234", "", "a=1 b=2", 6, "01234|a=1" },
	{ "01", "", "a=1 b=2", 3, "01|a=1" },
	{ "01", "", "a=1 b=2", 2, "01" },
	{ "01", "", "'a b'=1 c=2", 8, "01|'a b'=1" },
	{ "01", "", "'a b'=1 c=2", 6, "01" },
	{ "0123456789", "", "a=1", 3, "012 [cut, 7 bytes]|a=1" },
	{ "0123456789", "abc", "a=1", 3, "012 [cut, 10 bytes]|a=1" },
};

static void output_beyond_the_limit_is_cut_at_a_character_and_marked(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(cuts); i++) {
		struct check_result r =
				result_of(cuts[i].output, cuts[i].long_output, cuts[i].perfdata);
		size_t whole = r.output.len + r.long_output.len;
		struct str line = { 0 }, expected = { 0 };

		print_message("%s\n", cuts[i].line);
		str_printf(&expected, "[%d] PROCESS_SERVICE_CHECK_RESULT;h;s;2;%s\n", NOW,
				cuts[i].line);
		assert_int_equal(encode_nagios(&line, &r, now, cuts[i].max_output, 0),
				whole > cuts[i].max_output || r.perfdata.len > cuts[i].max_output);
		assert_string_equal(str_text(&line), str_text(&expected));
		str_finish(&line);
		str_finish(&expected);
	}
}

static void fill(struct str *s, const char *with, size_t len)
{
	str_clear(s);
	while (s->len < len)
		str_append_text(s, with);
}

static void the_line_with_its_newline_keeps_the_limit(void **unused)
{
	static const char *const with[] = { "x", "\\", "\xe2\x82\xac", "|", "\n", "\xff" };
	struct str name = { 0 }, text = { 0 }, line = { 0 };

	(void)unused;
	fill(&name, "n", MAX_NAME_BYTES);
	for (size_t i = 0; i < array_size(with); i++) {
		for (size_t limit = MIN_LINE; limit < MIN_LINE + 20; limit++) {
			struct check_result r = result_of("", "", "a=1");

			fill(&text, with[i], 3000);
			r.host = r.service = str_span(&name);
			r.output = str_span(&text);
			r.long_output = str_span(&text);
			str_clear(&line);
			str_append_text(&line, "before\n");
			assert_true(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, limit) ||
					r.output.len == 0);
			assert_in_range(line.len - strlen("before\n"), limit - 100, limit);
			assert_non_null(strstr(line.text, " [cut, "));
			assert_non_null(strstr(line.text, "|a=1"));
			assert_int_equal(line.text[line.len - 1], '\n');
		}
	}
	str_finish(&name);
	str_finish(&text);
	str_finish(&line);
}

static void a_line_that_just_fits_is_not_cut(void **unused)
{
	struct check_result r = result_of("", "", "");
	struct str text = { 0 }, line = { 0 };
	size_t header = strlen("[1795384096] PROCESS_SERVICE_CHECK_RESULT;h;s;2;");

	(void)unused;
	fill(&text, "x", MAX_PIPE_LINE);
	r.output = span_first(str_span(&text), MAX_PIPE_LINE - header - 1);
	assert_false(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, MAX_PIPE_LINE));
	assert_int_equal(line.len, MAX_PIPE_LINE);
	str_clear(&line);
	r.output.len++;
	assert_true(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, MAX_PIPE_LINE));
	assert_in_range(line.len, MAX_PIPE_LINE - 60, MAX_PIPE_LINE);
	str_finish(&text);
	str_finish(&line);
}

static void a_smaller_limit_than_a_header_needs_counts_as_the_smallest(void **unused)
{
	struct check_result r = result_of("", "", "");
	struct str text = { 0 }, line = { 0 };

	(void)unused;
	fill(&text, "x", 3000);
	r.output = str_span(&text);
	assert_true(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, 1));
	assert_in_range(line.len, MIN_LINE - 60, MIN_LINE);
	str_finish(&text);
	str_finish(&line);
}

static void long_text_leaves_half_of_the_line_to_perfdata(void **unused)
{
	struct check_result r = result_of("", "", "");
	struct str text = { 0 }, perfdata = { 0 }, line = { 0 };
	const char *bar;
	size_t values;

	(void)unused;
	fill(&text, "x", 8000);
	fill(&perfdata, "label=1;2;3 ", 8000);
	r.output = str_span(&text);
	r.perfdata = str_span(&perfdata);
	assert_true(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, MAX_PIPE_LINE));
	assert_in_range(line.len, MAX_PIPE_LINE - 20, MAX_PIPE_LINE);
	bar = strchr(line.text, '|');
	assert_non_null(bar);
	values = strlen(bar + 1) - 1;
	assert_in_range(values, 1900, 2100);
	/* Whole values: the last one is complete. */
	assert_memory_equal(line.text + line.len - strlen(" label=1;2;3\n"), " label=1;2;3\n",
			strlen(" label=1;2;3\n"));
	/* Perfdata without text takes what it needs. */
	r.output = (struct span)SPAN("x");
	str_clear(&line);
	assert_true(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, MAX_PIPE_LINE));
	assert_in_range(line.len, MAX_PIPE_LINE - 20, MAX_PIPE_LINE);
	str_finish(&text);
	str_finish(&perfdata);
	str_finish(&line);
}

static void long_output_that_does_not_fit_says_so_behind_any_first_line(void **unused)
{
	struct str text = { 0 }, line = { 0 };

	(void)unused;
	fill(&text, "x", 2000);
	/* Whatever room the first line leaves, from plenty to none. */
	for (size_t len = 800; len < 1100; len++) {
		struct check_result r = result_of("", "", "");

		r.output = span_first(str_span(&text), len);
		r.long_output = str_span(&text);
		str_clear(&line);
		assert_true(encode_nagios(&line, &r, now, DEFAULT_MAX_OUTPUT, MIN_LINE));
		assert_in_range(line.len, MIN_LINE - 100, MIN_LINE);
		assert_non_null(strstr(line.text, " [cut, "));
	}
	str_finish(&text);
	str_finish(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_escaped_as_nagios_unescapes_it),
		cmocka_unit_test(a_nul_becomes_a_blank),
		cmocka_unit_test(a_result_of_a_host_names_no_service),
		cmocka_unit_test(lines_are_appended),
		cmocka_unit_test(the_time_stamp_is_never_in_the_future_nor_negative),
		cmocka_unit_test(what_cannot_be_a_command_appends_nothing),
		cmocka_unit_test(output_beyond_the_limit_is_cut_at_a_character_and_marked),
		cmocka_unit_test(the_line_with_its_newline_keeps_the_limit),
		cmocka_unit_test(a_line_that_just_fits_is_not_cut),
		cmocka_unit_test(a_smaller_limit_than_a_header_needs_counts_as_the_smallest),
		cmocka_unit_test(long_text_leaves_half_of_the_line_to_perfdata),
		cmocka_unit_test(long_output_that_does_not_fit_says_so_behind_any_first_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
