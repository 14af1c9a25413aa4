/* SPDX-License-Identifier: MIT */
#include "gateway/result/check_result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { REFUSED = -1 };

static const struct {
	const char *text;
	int service, host;
} states[] = {
	{ "0", 0, 0 },
	{ "1", 1, 1 },
	{ "2", 2, 2 },
	{ "3", 3, REFUSED },
	{ "OK", 0, 0 },
	{ "ok", 0, 0 },
	{ "WARNING", 1, REFUSED },
	{ "Warning", 1, REFUSED },
	{ "WARN", 1, REFUSED },
	{ "CRITICAL", 2, 1 },
	{ "critical", 2, 1 },
	{ "CRIT", 2, 1 },
	{ "UNKNOWN", 3, REFUSED },
	{ "UP", REFUSED, 0 },
	{ "DOWN", REFUSED, 1 },
	{ "down", REFUSED, 1 },
	{ "UNREACHABLE", REFUSED, 2 },
	{ "", REFUSED, REFUSED },
	{ "4", REFUSED, REFUSED },
	{ "7", REFUSED, REFUSED },
	{ "-1", REFUSED, REFUSED },
	{ "00", REFUSED, REFUSED },
	{ "2 ", REFUSED, REFUSED },
	{ "2x", REFUSED, REFUSED },
	{ "abc", REFUSED, REFUSED },
	{ "OKAY", REFUSED, REFUSED },
	{ "O", REFUSED, REFUSED },
	{ "PENDING", REFUSED, REFUSED },
	{ "true", REFUSED, REFUSED },
};

static int parse(const char *text, bool is_host)
{
	enum check_state state;

	return check_state_parse(span_of_text(text), is_host, &state) ? (int)state : REFUSED;
}

static void states_are_read_and_never_guessed(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(states); i++) {
		print_message("%s\n", states[i].text);
		assert_int_equal(parse(states[i].text, false), states[i].service);
		assert_int_equal(parse(states[i].text, true), states[i].host);
	}
}

static void a_refused_state_leaves_the_result_alone(void **unused)
{
	enum check_state state = CHECK_CRITICAL;

	(void)unused;
	assert_false(check_state_parse(span_of_text("abc"), false, &state));
	assert_int_equal(state, CHECK_CRITICAL);
}

static void names_of_states_differ_between_services_and_hosts(void **unused)
{
	(void)unused;
	assert_string_equal(check_state_name(CHECK_OK, false), "OK");
	assert_string_equal(check_state_name(CHECK_WARNING, false), "WARNING");
	assert_string_equal(check_state_name(CHECK_CRITICAL, false), "CRITICAL");
	assert_string_equal(check_state_name(CHECK_UNKNOWN, false), "UNKNOWN");
	assert_string_equal(check_state_name(CHECK_OK, true), "UP");
	assert_string_equal(check_state_name(CHECK_WARNING, true), "DOWN");
	assert_string_equal(check_state_name(CHECK_CRITICAL, true), "UNREACHABLE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_read_and_never_guessed),
		cmocka_unit_test(a_refused_state_leaves_the_result_alone),
		cmocka_unit_test(names_of_states_differ_between_services_and_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
