/* SPDX-License-Identifier: MIT */
#include "plugins/lumberjack/event.h"

#include <stdio.h>

#include "common/str.h"

#include "tests/unit/unit.h"

#define MESSAGE "\"message\":\"m\","

static bool is_taken(const char *text, bool gets_metadata)
{
	char why[RELAY_REASON] = "";
	bool taken = event_is_taken(span_of_text(text), gets_metadata, why);

	assert_int_equal(taken, why[0] == '\0');
	return taken;
}

static void assert_taken(const char *text)
{
	if (!is_taken(text, false))
		fail_msg("refused: %s", text);
}

static void assert_refused(const char *text, const char *word)
{
	char why[RELAY_REASON] = "";

	if (event_is_taken(span_of_text(text), false, why))
		fail_msg("taken: %s", text);
	if (strstr(why, word) == NULL)
		fail_msg("%s: %s", text, why);
	assert_non_null(strstr(why, "schema logstash"));
	assert_non_null(strstr(why, "schema ecs"));
}

static void ordinary_json_is_taken(void **unused)
{
	static const char *const texts[] = { "{}", "{\"a\":[1,{\"b\":null}],\"c\":true}",
		"{" MESSAGE "\"level\":\"info\",\"n\":[[1],{}],\"host\":\"h\",\"@version\":7}",
		"{" MESSAGE "\"event\":{\"id\":1},\"host\":{\"name\":1},\"tags\":[\"a\",\"b\"]}",
		"{" MESSAGE "\"log\":1,\"file\":2,\"source\":3,\"type\":4,\"input\":[],\"\":5}",
		"{" MESSAGE "\"beat\":{\"hostname\":1,\"id\":\"i\",\"name\":null}}",
		"{" MESSAGE "\"beat\":null,\"tags\":null}", "{" MESSAGE "\"tags\":\"a\"}",
		"{" MESSAGE "\"tags\":[]}", "{\"message\":7}", "{\"message\":{\"event\":1}}",
		"{" MESSAGE "\"a\":{\"event\":1,\"beat\":1,\"tags\":1,\"@metadata\":1}}",
		"{" MESSAGE "\"events\":1,\"Event\":1,\"even\":1,\"tag\":1}",
		"{" MESSAGE "\"a\":\"[\",\"b\":[\"]\"],\"c{}\":\"\\u005b\"}" };

	(void)unused;
	for (size_t i = 0; i < array_size(texts); i++)
		assert_taken(texts[i]);
}

static void a_time_may_be_anything(void **unused)
{
	static const char *const values[] = { "1", "\"yesterday\"", "{}", "[]", "null", "true" };

	(void)unused;
	for (size_t i = 0; i < array_size(values); i++) {
		char text[80];

		snprintf(text, sizeof(text), "{" MESSAGE "\"@timestamp\":%s}", values[i]);
		assert_taken(text);
	}
}

static void what_is_no_object_is_refused(void **unused)
{
	(void)unused;
	assert_refused("OK - fine", "does not begin with {");
	assert_refused("{\"a\":}", "value");
}

static void members_of_a_wrong_kind_are_refused(void **unused)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{ "{" MESSAGE "\"event\":\"open\"}", "\"event\"" },
		{ "{\"event\":\"open\"," MESSAGE "\"a\":1}", "\"event\"" },
		{ "{\"line\":\"l\",\"event\":1}", "\"event\"" },
		{ "{\"message\":false,\"event\":1}", "\"event\"" },
		{ "{" MESSAGE "\"event\":null}", "\"event\"" },
		{ "{" MESSAGE "\"event\":[{}]}", "\"event\"" },
		{ "{" MESSAGE "\"event\":true}", "\"event\"" },
		{ "{" MESSAGE "\"beat\":72}", "\"beat\"" },
		{ "{" MESSAGE "\"beat\":[]}", "\"beat\"" },
		{ "{" MESSAGE "\"beat\":{\"id\":1}}", "\"id\"" },
		{ "{" MESSAGE "\"beat\":{\"a\":{},\"resource_id\":{}}}", "\"resource_id\"" },
		{ "{" MESSAGE "\"beat\":{\"name\":1.5}}", "\"name\"" },
		{ "{" MESSAGE "\"beat\":{\"source\":[]}}", "\"source\"" },
		{ "{\"tags\":{\"room\":1}}", "\"tags\"" },
		{ "{\"tags\":5}", "\"tags\"" },
		{ "{\"tags\":false}", "\"tags\"" },
		{ "{" MESSAGE "\"tags\":[\"a\",1]}", "\"tags\"" },
		{ "{" MESSAGE "\"tags\":[1,\"a\"]}", "\"tags\"" },
		{ "{" MESSAGE "\"tags\":[null]}", "\"tags\"" },
		{ "{\"@metadata\":1}", "\"@metadata\"" },
		{ "{\"@metadata\":null}", "\"@metadata\"" },
		{ "{\"@metadata\":{\"input\":{}}}", "\"input\"" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_refused(cases[i].text, cases[i].word);
}

/* Such an event does not go through a codec, and nothing is merged. */
static void without_a_message_fewer_names_mean_something(void **unused)
{
	static const char *const texts[] = { "{\"event\":\"open\",\"n\":1}", "{\"beat\":72}",
		"{\"beat\":{\"id\":7}}", "{\"message\":null,\"event\":1}",
		"{\"line\":null,\"event\":1}", "{\"tags\":[1,2]}" };

	(void)unused;
	for (size_t i = 0; i < array_size(texts); i++)
		assert_taken(texts[i]);
}

static void metadata_that_is_put_behind_makes_the_own_one_harmless(void **unused)
{
	static const char *const texts[] = { "{\"@metadata\":7}", "{\"@metadata\":{\"input\":1}}" };

	(void)unused;
	for (size_t i = 0; i < array_size(texts); i++) {
		assert_true(is_taken(texts[i], true));
		assert_false(is_taken(texts[i], false));
	}
}

static void of_two_members_of_one_name_the_last_one_counts(void **unused)
{
	(void)unused;
	assert_taken("{" MESSAGE "\"event\":1,\"event\":{}}");
	assert_taken("{" MESSAGE "\"message\":null,\"event\":1}");
	assert_taken("{" MESSAGE "\"beat\":{\"id\":1},\"beat\":{\"id\":\"i\"}}");
	assert_refused("{" MESSAGE "\"event\":{},\"event\":1}", "\"event\"");
	assert_refused("{" MESSAGE "\"tags\":\"a\",\"tags\":{}}", "\"tags\"");
}

static void a_key_with_a_bracket_is_refused_at_any_level(void **unused)
{
	static const char *const texts[] = { "{\"[\":1}", "{\"disk[0]\":1}", "{\"a]\":1}",
		"{\"[a][b]\":1}", "{\"a\":{\"b[\":1}}", "{\"a\":[1,[{\"b]\":1}]]}",
		"{" MESSAGE "\"a\":{\"b\":{\"c\":{\"[d]\":{}}}}}", "{\"[@timestamp]\":1}" };

	(void)unused;
	for (size_t i = 0; i < array_size(texts); i++)
		assert_refused(texts[i], "bracket");
	assert_refused("{\"disk[0]\":1}", "\"disk[0]\"");
	assert_refused("{\"disk[0]\":1}", "payload text");
}

static void names_and_brackets_may_be_written_with_escapes(void **unused)
{
	(void)unused;
	assert_refused("{\"a\\u005b\":1}", "bracket");
	assert_refused("{\"\\u005Da\":1}", "bracket");
	assert_refused("{\"\\\\\\\"\\n[\":1}", "bracket");
	assert_refused("{" MESSAGE "\"\\u0065vent\":1}", "\"event\"");
	assert_refused("{\"m\\u0065ssage\":1,\"even\\u0074\":1}", "\"event\"");
	assert_refused("{\"t\\u0061gs\":1}", "\"tags\"");
	assert_taken("{" MESSAGE "\"\\u0165vent\":1,\"even\\t\":1,\"\\\\u0065vent\":1}");
	assert_taken("{\"\\\\u005b\":1,\"\\u015b\":1,\"\\u5b00\":1,\"\xc3\x9b\":1}");
}

static void a_long_key_is_cut_in_the_reason(void **unused)
{
	struct str text = { 0 };
	char why[RELAY_REASON];

	(void)unused;
	str_append_text(&text, "{\"[");
	for (size_t i = 0; i < 1000; i++)
		str_append_text(&text, "\xc3\xa9");
	str_append_text(&text, "\":1}");
	assert_false(event_is_taken(str_span(&text), false, why));
	assert_non_null(strstr(why, "\xc3\xa9\" has a bracket"));
	assert_non_null(strstr(why, "such keys apart"));
	str_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_json_is_taken),
		cmocka_unit_test(a_time_may_be_anything),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(members_of_a_wrong_kind_are_refused),
		cmocka_unit_test(without_a_message_fewer_names_mean_something),
		cmocka_unit_test(metadata_that_is_put_behind_makes_the_own_one_harmless),
		cmocka_unit_test(of_two_members_of_one_name_the_last_one_counts),
		cmocka_unit_test(a_key_with_a_bracket_is_refused_at_any_level),
		cmocka_unit_test(names_and_brackets_may_be_written_with_escapes),
		cmocka_unit_test(a_long_key_is_cut_in_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
