/* SPDX-License-Identifier: MIT */
#include "gateway/result/json_scan.h"

#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
	const char *text;
	enum reject reject;
} texts[] = {
	{ "{}", REJECT_NONE },
	{ "[]", REJECT_NONE },
	{ " \t\r\n{ } ", REJECT_NONE },
	{ "{\"a\":1}", REJECT_NONE },
	{ "{ \"a\" : [ 1 , -2.5e+3 , true , false , null , \"x\" ] , \"b\" : { } }", REJECT_NONE },
	{ "\"abc\"", REJECT_NONE },
	{ "0", REJECT_NONE },
	{ "-0.0E-0", REJECT_NONE },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\uDE00\"", REJECT_NONE },
	{ "\"\xc3\xa4\x7f\"", REJECT_NONE },

	{ "", REJECT_NOT_JSON },
	{ " ", REJECT_NOT_JSON },
	{ "abc", REJECT_NOT_JSON },
	{ "nul", REJECT_NOT_JSON },
	{ "True", REJECT_NOT_JSON },
	{ "{", REJECT_NOT_JSON },
	{ "[", REJECT_NOT_JSON },
	{ "[1", REJECT_NOT_JSON },
	{ "[1,]", REJECT_NOT_JSON },
	{ "[1 2]", REJECT_NOT_JSON },
	{ "[1}", REJECT_NOT_JSON },
	{ "{\"a\"}", REJECT_NOT_JSON },
	{ "{\"a\":}", REJECT_NOT_JSON },
	{ "{\"a\":1,}", REJECT_NOT_JSON },
	{ "{,}", REJECT_NOT_JSON },
	{ "{a:1}", REJECT_NOT_JSON },
	{ "{'a':1}", REJECT_NOT_JSON },
	{ "{1:1}", REJECT_NOT_JSON },
	{ "{\"a\":1]", REJECT_NOT_JSON },
	{ "{\"a\":1} x", REJECT_NOT_JSON },
	{ "{}{}", REJECT_NOT_JSON },
	{ "007", REJECT_NOT_JSON },
	{ "-01", REJECT_NOT_JSON },
	{ "+1", REJECT_NOT_JSON },
	{ ".5", REJECT_NOT_JSON },
	{ "1.", REJECT_NOT_JSON },
	{ "1e", REJECT_NOT_JSON },
	{ "1e+", REJECT_NOT_JSON },
	{ "-", REJECT_NOT_JSON },
	{ "NaN", REJECT_NOT_JSON },
	{ "\"a", REJECT_NOT_JSON },
	{ "\"a\\", REJECT_NOT_JSON },
	{ "\"\\x\"", REJECT_NOT_JSON },
	{ "\"\\u12\"", REJECT_NOT_JSON },
	{ "\"\\u12g4\"", REJECT_NOT_JSON },
	{ "\"a\nb\"", REJECT_NOT_JSON },
	{ "\"a\tb\"", REJECT_NOT_JSON },
	{ "\xef\xbb\xbf{}", REJECT_NOT_JSON },

	{ "\"\\u0000\"", REJECT_NUL },
	{ "{\"a\\u0000\":1}", REJECT_NUL },

	{ "\"\\ud83d\"", REJECT_LONE_SURROGATE },
	{ "\"\\ud83d x\"", REJECT_LONE_SURROGATE },
	{ "\"\\ud83d\\n12345\"", REJECT_LONE_SURROGATE },
	{ "\"\\ud83d\\u0041\"", REJECT_LONE_SURROGATE },
	{ "\"\\ud83d\\ud83d\"", REJECT_LONE_SURROGATE },
	{ "\"\\ude00\"", REJECT_LONE_SURROGATE },
	{ "{\"\\ude00\":1}", REJECT_LONE_SURROGATE },

	{ "{\"a\":1,\"a\":2}", REJECT_DUPLICATE_KEY },
	{ "{\"a\":1,\"b\":2,\"a\":1}", REJECT_DUPLICATE_KEY },
	{ "{\"state\":0,\"st\\u0061te\":2}", REJECT_DUPLICATE_KEY },
	{ "{\"\\ud83d\\ude00\":0,\"\xf0\x9f\x98\x80\":2}", REJECT_DUPLICATE_KEY },
	{ "{\"a\\n\":0,\"a\\u000A\":2}", REJECT_DUPLICATE_KEY },
	{ "{\"a\\/\":0,\"a/\":2}", REJECT_DUPLICATE_KEY },
	{ "{\"\":1,\"\":2}", REJECT_DUPLICATE_KEY },
	{ "[{\"x\":{\"a\":1,\"a\":2}}]", REJECT_DUPLICATE_KEY },
	{ "{\"a\":1,\"A\":2}", REJECT_NONE },
	{ "{\"a\":1,\"aa\":2}", REJECT_NONE },
	{ "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", REJECT_NONE },
	{ "[{\"a\":1},{\"a\":1}]", REJECT_NONE },

	{ "123456789012345678901234567890123456789012345678901234567890", REJECT_NONE },
	{ "1234567890123456789012345678901234567890123456789012345678901", REJECT_BAD_VALUE },
};

static struct json_scan *scan_create(void)
{
	return xcalloc(1, sizeof(struct json_scan));
}

static void scan_destroy(struct json_scan *s)
{
	json_scan_finish(s);
	free(s);
}

static void exactly_json_passes(void **unused)
{
	struct json_scan *s = scan_create();

	(void)unused;
	for (size_t i = 0; i < array_size(texts); i++) {
		/* A copy of the exact length, so that a read behind the end is seen. */
		struct span text = span_of_text(texts[i].text);
		uint8_t *copy = xmemdup(text.len > 0 ? (const char *)text.data : "", text.len);

		print_message("%s\n", texts[i].text);
		assert_int_equal(json_scan(s, span_of(copy, text.len)), texts[i].reject);
		free(copy);
	}
	scan_destroy(s);
}

static void every_prefix_of_a_text_is_refused(void **unused)
{
	static const struct span text = SPAN("{\"a\":[1.5e3,true,null,\"\\u00e4\\ud83d\\ude00\"]}");
	struct json_scan *s = scan_create();

	(void)unused;
	for (size_t len = 0; len < text.len; len++) {
		uint8_t *copy = xmemdup(text.data, len);

		assert_int_not_equal(json_scan(s, span_of(copy, len)), REJECT_NONE);
		free(copy);
	}
	assert_int_equal(json_scan(s, text), REJECT_NONE);
	scan_destroy(s);
}

static enum reject scan_nested(
		struct json_scan *s, unsigned depth, const char *open, const char *close)
{
	struct str text = { 0 };
	enum reject reject;

	for (unsigned i = 0; i < depth; i++)
		str_append_text(&text, open);
	str_append_text(&text, "1");
	for (unsigned i = 0; i < depth; i++)
		str_append_text(&text, close);
	reject = json_scan(s, str_span(&text));
	str_finish(&text);
	return reject;
}

static void nesting_ends_at_32_levels(void **unused)
{
	struct json_scan *s = scan_create();

	(void)unused;
	assert_int_equal(scan_nested(s, MAX_JSON_DEPTH, "[", "]"), REJECT_NONE);
	assert_int_equal(scan_nested(s, MAX_JSON_DEPTH + 1, "[", "]"), REJECT_TOO_DEEP);
	assert_int_equal(scan_nested(s, MAX_JSON_DEPTH, "{\"a\":", "}"), REJECT_NONE);
	assert_int_equal(scan_nested(s, MAX_JSON_DEPTH + 1, "{\"a\":", "}"), REJECT_TOO_DEEP);
	assert_int_equal(scan_nested(s, 100000, "[", ""), REJECT_TOO_DEEP);
	/* Depth is of what is open, not of what was. */
	assert_int_equal(json_scan(s, span_of_text("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
						   "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
						   "[],[],[],[],[],[],[]]")),
			REJECT_NONE);
	scan_destroy(s);
}

static enum reject scan_keys(struct json_scan *s, unsigned count, const char *value)
{
	struct str text = { 0 };
	enum reject reject;

	for (unsigned i = 0; i < count; i++)
		str_printf(&text, "%c\"k%u\":%s", i == 0 ? '{' : ',', i, value);
	str_append_text(&text, "}");
	reject = json_scan(s, str_span(&text));
	str_finish(&text);
	return reject;
}

static void an_object_has_at_most_64_keys(void **unused)
{
	struct json_scan *s = scan_create();

	(void)unused;
	assert_int_equal(scan_keys(s, MAX_OBJECT_KEYS, "1"), REJECT_NONE);
	assert_int_equal(scan_keys(s, MAX_OBJECT_KEYS + 1, "1"), REJECT_TOO_MANY);
	/* Keys of objects inside do not count for the one around them. */
	assert_int_equal(scan_keys(s, MAX_OBJECT_KEYS, "{\"a\":{\"b\":1},\"c\":2}"), REJECT_NONE);
	scan_destroy(s);
}

static void the_texts_of_numbers_are_kept_in_order(void **unused)
{
	static const char *const numbers[] = { "1411220019.711785664", "-0.10", "9007199254740993",
		"1e5", "7" };
	struct json_scan *s = scan_create();

	(void)unused;
	assert_int_equal(json_scan(s, span_of_text("{\"a\":1411220019.711785664,\"b\":[-0.10,"
						   "\"5\",{\"c\":9007199254740993}],\"d\":1e5,"
						   "\"e\":7}")),
			REJECT_NONE);
	assert_int_equal(s->number_count, array_size(numbers));
	for (size_t i = 0; i < array_size(numbers); i++)
		assert_true(span_equal_text(s->numbers[i], numbers[i]));
	assert_int_equal(json_scan(s, span_of_text("[]")), REJECT_NONE);
	assert_int_equal(s->number_count, 0);
	scan_destroy(s);
}

static void a_refusal_says_where(void **unused)
{
	struct json_scan *s = scan_create();

	(void)unused;
	assert_int_equal(json_scan(s, span_of_text("{\"a\":1,}")), REJECT_NOT_JSON);
	assert_int_equal(s->offset, 7);
	assert_string_equal(s->problem, "a key in double quotes is missing");
	assert_int_equal(json_scan(s, span_of_text("{\"a\":1,\"a\":2}")), REJECT_DUPLICATE_KEY);
	assert_int_equal(s->offset, 8);
	scan_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_json_passes),
		cmocka_unit_test(every_prefix_of_a_text_is_refused),
		cmocka_unit_test(nesting_ends_at_32_levels),
		cmocka_unit_test(an_object_has_at_most_64_keys),
		cmocka_unit_test(the_texts_of_numbers_are_kept_in_order),
		cmocka_unit_test(a_refusal_says_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
