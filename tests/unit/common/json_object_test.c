/* SPDX-License-Identifier: MIT */
#include "common/json_object.h"

#include "common/str.h"

#include "tests/unit/unit.h"

static void objects_are_taken(void **unused)
{
	static const char *const texts[] = { "{}", " {\t}\r\n", "{\"a\":1}", "{\"a\":{},\"b\":[]}",
		"{\"a\":[1,[2,{\"b\":[{}]}],-0.5e+10]}", "{\"a\":true,\"b\":false,\"c\":null}",
		"{ \"a\" : \"\\u00e9\\n\\\\\\\"\" , \"a\" : 0 }",
		"{\"\xc3\xa9\":\"\xf0\x9f\x94\x94\"}", "{\"\":1e5}", "{\"a\":\"\\ud800\"}" };

	(void)unused;
	for (size_t i = 0; i < array_size(texts); i++)
		assert_null(json_object_problem(span_of_text(texts[i])));
}

static void all_else_is_refused_with_a_reason(void **unused)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{ "", "does not begin with {" },
		{ "[]", "does not begin with {" },
		{ "OK - fine", "does not begin with {" },
		{ "{", "key" },
		{ "{a:1}", "key" },
		{ "{\"a\"}", "colon" },
		{ "{\"a\":}", "value" },
		{ "{\"a\":1,}", "key" },
		{ "{\"a\":[1,]}", "value" },
		{ "{\"a\":1]", "comma or }" },
		{ "{\"a\":[1}", "comma or ]" },
		{ "{\"a\":1", "comma or }" },
		{ "{\"a\":01}", "comma or }" },
		{ "{\"a\":1.}", "digits" },
		{ "{\"a\":1e}", "digits" },
		{ "{\"a\":+1}", "value" },
		{ "{\"a\":tru}", "value" },
		{ "{\"a\":NaN}", "value" },
		{ "{\"a\":\"b}", "does not end" },
		{ "{\"a\":\"\\", "escape" },
		{ "{\"a\":\"\\x\"}", "escape" },
		{ "{\"a\":\"\\u12g4\"}", "hexadecimal" },
		{ "{\"a\":\"\\u12", "hexadecimal" },
		{ "{\"a\":\"\n\"}", "control" },
		{ "{} {}", "follows" },
		{ "{\"a\":\"\xff\"}", "UTF-8" },
		{ "{\"a\":\"\xc0\x80\"}", "UTF-8" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		const char *problem = json_object_problem(span_of_text(cases[i].text));

		assert_non_null(problem);
		if (strstr(problem, cases[i].word) == NULL)
			fail_msg("%s: %s", cases[i].text, problem);
	}
	assert_non_null(json_object_problem(BYTES("{\0}")));
	assert_non_null(json_object_problem(BYTES("{}\0")));
	assert_non_null(json_object_problem(span_of(NULL, 0)));
}

/* Each text that is cut short is no object any more, and is not read behind its end. */
static void a_cut_object_is_refused(void **unused)
{
	static const char text[] = "{\"a\":[1,{\"b\":\"\\u00e9x\"},true],\"c\":-1.5e-3}";

	(void)unused;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *cut = malloc(len + 1);

		memcpy(cut, text, len);
		assert_non_null(json_object_problem(span_of(cut, len)));
		free(cut);
	}
}

static void nested(struct str *into, unsigned levels)
{
	str_append_text(into, "{\"a\":");
	for (unsigned i = 1; i < levels; i++)
		str_append_byte(into, '[');
	str_append_byte(into, '1');
	for (unsigned i = 1; i < levels; i++)
		str_append_byte(into, ']');
	str_append_byte(into, '}');
}

static void levels_numbers_and_keys_have_a_bound(void **unused)
{
	struct str text = { 0 };

	(void)unused;
	nested(&text, JSON_OBJECT_LEVELS);
	assert_null(json_object_problem(str_span(&text)));
	str_clear(&text);
	nested(&text, JSON_OBJECT_LEVELS + 1);
	assert_non_null(strstr(json_object_problem(str_span(&text)), "levels"));

	str_clear(&text);
	str_printf(&text, "{\"a\":%0*d}", JSON_OBJECT_NUMBER, 0);
	text.text[5] = '1';
	assert_null(json_object_problem(str_span(&text)));
	str_clear(&text);
	str_printf(&text, "{\"a\":1%0*d}", JSON_OBJECT_NUMBER, 0);
	assert_non_null(strstr(json_object_problem(str_span(&text)), "too long"));

	str_clear(&text);
	str_printf(&text, "{\"%0*d\":1}", JSON_OBJECT_KEY, 0);
	assert_non_null(strstr(json_object_problem(str_span(&text)), "key"));
	str_finish(&text);
}

static void write_value(void *to, const struct json_value *value)
{
	str_printf(to, "%zu%c", value->depth, value->first);
	if (value->key.data != NULL)
		str_printf(to, "%.*s", SPAN_ARGS(value->key));
	str_append_byte(to, ' ');
}

static void every_value_is_told_of_where_it_begins(void **unused)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{ "{}", "" },
		{ "{ \"a\" : 1 , \"b\":null}", "11a 1nb " },
		{ "{\"a\":{\"b\":[],\"\":{}},\"c\":-1}", "1{a 2[b 2{ 1-c " },
		{ "{\"a\":[1,[\"x\",{\"b\":true}],false],\"c\":\"y\"}",
				"1[a 21 2[ 3\" 3{ 4tb 2f 1\"c " },
		{ "{\"\\u0061\\\"\":1,\"\\u0061\\\"\":2}", "11\\u0061\\\" 12\\u0061\\\" " },
		{ "[1]", "" },
		{ "{\"a\":1,\"b\":}", "11a 1}b " },
	};
	struct str told = { 0 };

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct span text = span_of_text(cases[i].text);
		const char *problem = json_object_walk(text, write_value, &told);

		assert_ptr_equal(problem, json_object_problem(text));
		assert_span_text(str_span(&told), cases[i].told);
		str_clear(&told);
	}
	str_finish(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_taken),
		cmocka_unit_test(all_else_is_refused_with_a_reason),
		cmocka_unit_test(a_cut_object_is_refused),
		cmocka_unit_test(levels_numbers_and_keys_have_a_bound),
		cmocka_unit_test(every_value_is_told_of_where_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
