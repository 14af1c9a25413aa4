/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/tab_form.h"

static void expect_next(struct tab_reader *r, const char *record, unsigned number)
{
	struct span s;

	assert_true(tab_next(r, &s));
	assert_true(span_equal_text(s, record));
	assert_int_equal(r->number, number);
}

static void expect_end(struct tab_reader *r)
{
	struct span s;

	assert_false(tab_next(r, &s));
}

static void test_lines(void **unused)
{
	struct tab_reader r = { .rest = SPAN("a\r\n\n  \nb\nc") };

	(void)unused;
	expect_next(&r, "a", 1);
	expect_next(&r, "b", 4);
	expect_next(&r, "c", 5);
	expect_end(&r);
	r = (struct tab_reader){ .rest = SPAN("") };
	expect_end(&r);
	r = (struct tab_reader){ 0 };
	expect_end(&r);
}

static void test_etb(void **unused)
{
	struct tab_reader r = { .rest = SPAN("a\nb\x17\nc\x17\n") };

	(void)unused;
	expect_next(&r, "a\nb", 1);
	expect_next(&r, "c", 2);
	expect_end(&r);
}

static void expect_fields(const char *record, const char *host, const char *service,
		const char *state, const char *output)
{
	struct tab_record fields;
	const char *problem = NULL;

	assert_true(tab_split(span_of_text(record), &fields, &problem));
	assert_true(span_equal_text(fields.host, host));
	assert_true(span_equal_text(fields.service, service));
	assert_true(span_equal_text(fields.state, state));
	assert_true(span_equal_text(fields.output, output));
}

static void test_fields(void **unused)
{
	struct tab_record fields;
	const char *problem = NULL;

	(void)unused;
	expect_fields("h\ts\t2\tout | a=1", "h", "s", "2", "out | a=1");
	expect_fields("h\ts\t 2 \tout\twith tab", "h", "s", "2", "out\twith tab");
	expect_fields("h\t1\tdown", "h", "", "1", "down");
	expect_fields("h\t1\t", "h", "", "1", "");
	expect_fields("h\ts\t1\t", "h", "s", "1", "");
	assert_false(tab_split((struct span)SPAN("h"), &fields, &problem));
	assert_false(tab_split((struct span)SPAN("h\t1"), &fields, &problem));
	assert_non_null(problem);
}

static void test_escapes(void **unused)
{
	struct str s = { 0 };

	(void)unused;
	tab_unescape((struct span)SPAN("a\\nb\\\\n\\t\\"), &s);
	assert_string_equal(str_text(&s), "a\nb\\n\\t\\");
	str_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_etb),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
