/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2_answer.h"

#include "tests/unit/unit.h"

static void permissions_are_matched_as_icinga_does(void **state)
{
	static const struct {
		const char *list;
		bool permits;
	} cases[] = {
		{ "[\"*\"]", true },
		{ "[\"status/query\", \"actions/*\"]", true },
		{ "[\"actions/process-check-result (filtered)\"]", true },
		{ "[\"Actions/Process-*\"]", true },
		{ "[\"status/query\"]", false },
		{ "[\"actions/process\"]", false },
		{ "[]", false },
		{ "\"*\"", false },
		{ "[\"*", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct str body = { 0 };

		str_printf(&body, "{\"results\":[{\"permissions\":%s,\"user\":\"a\"}]}",
				cases[i].list);
		if (icinga2_permits(str_span(&body), "actions/process-check-result") !=
				cases[i].permits)
			fail_msg("%s", cases[i].list);
		str_finish(&body);
	}
	assert_false(icinga2_permits(BYTES("{\"x\":\"\\\"permissions\\\":[\\\"*\\\"]\"}"), "a"));
}

static void a_process_is_told_by_start_and_number(void **state)
{
	struct str program = { 0 };

	(void)state;
	assert_true(icinga2_program_id(
			BYTES("{\"app\":{\"pid\":7,\"program_start\":1.25,\"v\":1}}"), &program));
	assert_string_equal(str_text(&program), "1.25 7");
	assert_false(icinga2_program_id(BYTES("{\"program_start\":null}"), &program));
	assert_false(icinga2_program_id(span_of(NULL, 0), &program));
	str_finish(&program);
}

static void the_sentence_is_found(void **state)
{
	static const struct {
		const char *body, *sentence;
	} cases[] = {
		{ "{\"error\":404,\"status\":\"No objects found.\"}", "No objects found." },
		{ "{\"status\": \"a \\\"b\\\"\\n\\u00e4\"}", "a \"b\" \\u00e4" },
		{ "{\"status\":404}", "" },
		{ "{\"status\":\"open", "" },
		{ "<html>", "" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct str sentence = { 0 };

		icinga2_sentence(span_of_text(cases[i].body), &sentence);
		assert_string_equal(str_text(&sentence), cases[i].sentence);
		str_finish(&sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(permissions_are_matched_as_icinga_does),
		cmocka_unit_test(a_process_is_told_by_start_and_number),
		cmocka_unit_test(the_sentence_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
