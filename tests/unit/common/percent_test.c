/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "common/percent.h"

static void escapes_become_their_bytes(void **state)
{
	static const struct {
		const char *text, *decoded;
	} cases[] = { { "", "" }, { "plain", "plain" }, { "%41", "A" }, { "a%2Fb%2fc", "a/b/c" },
		{ "%25", "%" }, { "%c3%A9t%C3%a9", "\xc3\xa9t\xc3\xa9" }, { "%2541", "%41" } };
	struct str s = { 0 };

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		str_clear(&s);
		assert_true(percent_decode(span_of_text(cases[i].text), &s));
		assert_string_equal(str_text(&s), cases[i].decoded);
	}
	str_clear(&s);
	assert_true(percent_decode(span_of_text("a%00b"), &s));
	assert_int_equal(s.len, 3);
	str_finish(&s);
}

static void a_percent_sign_that_is_no_escape_is_an_error(void **state)
{
	static const char *const cases[] = { "%", "a%4", "%4g", "%g4", "%%41", "ok%41%" };
	struct str s = { 0 };

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_false(percent_decode(span_of_text(cases[i]), &s));
	str_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_become_their_bytes),
		cmocka_unit_test(a_percent_sign_that_is_no_escape_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
