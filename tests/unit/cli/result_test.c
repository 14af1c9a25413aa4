/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/result.h"

static const char *parse(const char *text, bool is_host)
{
	return state_parse(span_of_text(text), is_host);
}

static void test_states_of_services(void **unused)
{
	(void)unused;
	assert_string_equal(parse("0", false), "OK");
	assert_string_equal(parse("warn", false), "WARNING");
	assert_string_equal(parse("Critical", false), "CRITICAL");
	assert_string_equal(parse("3", false), "UNKNOWN");
	assert_null(parse("4", false));
	assert_null(parse("-1", false));
	assert_null(parse("", false));
	assert_null(parse("up", false));
	assert_null(parse("abc", false));
	assert_null(parse("2x", false));
}

static void test_states_of_hosts(void **unused)
{
	(void)unused;
	assert_string_equal(parse("0", true), "UP");
	assert_string_equal(parse("1", true), "DOWN");
	assert_string_equal(parse("2", true), "UNREACHABLE");
	assert_string_equal(parse("crit", true), "DOWN");
	assert_null(parse("3", true));
	assert_null(parse("warning", true));
	assert_null(parse("unknown", true));
}

static void test_exit_codes(void **unused)
{
	(void)unused;
	assert_string_equal(state_of_exit_code(2, false), "CRITICAL");
	assert_string_equal(state_of_exit_code(127, false), "UNKNOWN");
	assert_string_equal(state_of_exit_code(-1, false), "UNKNOWN");
	assert_string_equal(state_of_exit_code(1, true), "UP");
	assert_string_equal(state_of_exit_code(2, true), "DOWN");
	assert_string_equal(state_of_exit_code(3, true), "DOWN");
	assert_null(state_of_exit_code(4, true));
	assert_null(state_of_exit_code(-1, true));
}

static void test_times(void **unused)
{
	static const char *const good[] = { "0", "1795397207", "1795397207.25",
		"2026-11-23T04:05:06Z", "2026-11-23 04:05:06.789+01:00",
		"2026-11-23t04:05:06-0130" };
	static const char *const bad[] = { "", ".", "1.", ".5", "-1", "1e9", "now", "1.2.3",
		"2026-11-23", "2026-11-23T04:05:06", "2026-13-01T00:00:00Z",
		"2026-11-23T04:05:06.Z", "2026-11-23T04:05:06+1" };

	(void)unused;
	for (size_t i = 0; i < array_size(good); i++)
		assert_true(time_valid(span_of_text(good[i])));
	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(time_valid(span_of_text(bad[i])));
	assert_false(time_valid(span_of("1\0002", 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_of_services),
		cmocka_unit_test(test_states_of_hosts),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
