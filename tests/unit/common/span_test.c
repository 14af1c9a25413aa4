/* SPDX-License-Identifier: MIT */
#include "common/span.h"

#include "tests/unit/unit.h"

static void numbers_are_decimal_digits_and_nothing_else(void **unused)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool ok;
		uint64_t value;
	} rows[] = {
		{ "0", 10, true, 0 },
		{ "10", 10, true, 10 },
		{ "11", 10, false, 0 },
		{ "007", 10, true, 7 },
		{ "", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ "+1", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1 ", 10, false, 0 },
		{ "1x", 10, false, 0 },
		{ "0x1", 10, false, 0 },
		{ "/", 10, false, 0 },
		{ ":", 10, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 },
		{ "184467440737095516150", UINT64_MAX, false, 0 },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		uint64_t value = 4711;

		print_message("'%s'\n", rows[i].text);
		assert_int_equal(span_to_uint(span_of_text(rows[i].text), rows[i].max, &value),
				rows[i].ok);
		assert_true(value == (rows[i].ok ? rows[i].value : 4711));
	}
}

static void cutting_yields_every_part_and_empty_ones_too(void **unused)
{
	static const struct {
		const char *text;
		const char *parts[5];
	} rows[] = {
		{ "", { "" } },
		{ "a", { "a" } },
		{ "/", { "", "" } },
		{ "a/", { "a", "" } },
		{ "/a", { "", "a" } },
		{ "a//b", { "a", "", "b" } },
		{ "a/b/c/d", { "a", "b", "c", "d" } },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct span rest = span_of_text(rows[i].text);
		size_t n = 0;

		while (rest.data != NULL) {
			struct span part = span_cut(&rest, '/');

			assert_non_null(rows[i].parts[n]);
			assert_span_text(part, rows[i].parts[n++]);
		}
		assert_null(rows[i].parts[n]);
	}
}

static void the_rest_behind_the_end_is_empty(void **unused)
{
	struct span s = BYTES("abc");

	(void)unused;
	assert_span_text(span_from(s, 0), "abc");
	assert_span_text(span_from(s, 2), "c");
	assert_int_equal(span_from(s, 3).len, 0);
	assert_null(span_from(s, 3).data);
	assert_int_equal(span_from(s, SIZE_MAX).len, 0);
}

static void the_first_bytes_are_never_more_than_there_are(void **unused)
{
	struct span s = BYTES("abc");

	(void)unused;
	assert_span_text(span_first(s, 0), "");
	assert_span_text(span_first(s, 2), "ab");
	assert_span_text(span_first(s, SIZE_MAX), "abc");
}

static void spans_are_equal_by_length_and_bytes(void **unused)
{
	struct span nothing = { NULL, 0 };

	(void)unused;
	assert_true(span_equal(BYTES("a\0b"), BYTES("a\0b")));
	assert_false(span_equal(BYTES("a\0b"), BYTES("a\0c")));
	assert_false(span_equal(BYTES("a"), BYTES("ab")));
	assert_true(span_equal(nothing, BYTES("")));
	assert_true(span_equal_text(nothing, ""));
	assert_false(span_equal_text(BYTES("Ab"), "ab"));
	assert_true(span_equal_nocase(BYTES("Ab"), BYTES("aB")));
	assert_true(span_equal_nocase(nothing, BYTES("")));
	assert_false(span_equal_nocase(BYTES("Ab"), BYTES("aBc")));
	assert_false(span_equal_nocase(BYTES("Ab"), BYTES("ac")));
}

static void a_prefix_may_be_the_whole_and_never_longer(void **unused)
{
	(void)unused;
	assert_true(span_starts_with(BYTES("abc"), BYTES("")));
	assert_true(span_starts_with(BYTES("abc"), BYTES("abc")));
	assert_false(span_starts_with(BYTES("abc"), BYTES("abcd")));
	assert_false(span_starts_with(BYTES("abc"), BYTES("b")));
}

static void trimming_takes_blanks_of_both_ends_only(void **unused)
{
	(void)unused;
	assert_span_text(span_trim(BYTES(" \t\r\na b\n ")), "a b");
	assert_span_text(span_trim(BYTES(" \t ")), "");
	assert_span_text(span_trim(BYTES("")), "");
	assert_span_text(span_trim(BYTES("\va\f")), "\va\f");
}

static void a_copy_as_text_ends_with_nul(void **unused)
{
	AUTO_FREE char *text = span_dup_text(BYTES("abc"));
	AUTO_FREE char *empty = span_dup_text((struct span){ NULL, 0 });

	(void)unused;
	assert_string_equal(text, "abc");
	assert_string_equal(empty, "");
}

static void finding_a_missing_byte_yields_the_length(void **unused)
{
	(void)unused;
	assert_int_equal(span_find(BYTES("abcb"), 'b'), 1);
	assert_int_equal(span_find(BYTES("abc"), 'x'), 3);
	assert_int_equal(span_find((struct span){ NULL, 0 }, 'x'), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_decimal_digits_and_nothing_else),
		cmocka_unit_test(cutting_yields_every_part_and_empty_ones_too),
		cmocka_unit_test(the_rest_behind_the_end_is_empty),
		cmocka_unit_test(the_first_bytes_are_never_more_than_there_are),
		cmocka_unit_test(spans_are_equal_by_length_and_bytes),
		cmocka_unit_test(a_prefix_may_be_the_whole_and_never_longer),
		cmocka_unit_test(trimming_takes_blanks_of_both_ends_only),
		cmocka_unit_test(a_copy_as_text_ends_with_nul),
		cmocka_unit_test(finding_a_missing_byte_yields_the_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
