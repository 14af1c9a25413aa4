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

static void what_is_encoded_is_decoded_to_the_same(void **state)
{
	struct str all = { 0 }, encoded = { 0 }, decoded = { 0 };

	(void)state;
	for (int c = 0; c < 256; c++)
		str_append_byte(&all, (char)c);
	percent_encode(str_span(&all), &encoded);
	assert_true(percent_decode(str_span(&encoded), &decoded));
	assert_int_equal(decoded.len, all.len);
	assert_memory_equal(decoded.text, all.text, all.len);
	str_clear(&encoded);
	percent_encode(span_of_text("a-Z_0.~ /%\xff"), &encoded);
	assert_string_equal(str_text(&encoded), "a-Z_0.~%20%2F%25%FF");
	str_finish(&all);
	str_finish(&encoded);
	str_finish(&decoded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_become_their_bytes),
		cmocka_unit_test(a_percent_sign_that_is_no_escape_is_an_error),
		cmocka_unit_test(what_is_encoded_is_decoded_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
