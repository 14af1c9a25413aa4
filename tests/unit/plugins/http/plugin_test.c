/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugins/http/fake_host.h"

/* As the host does before there is an instance. */
static void settings_fit_each_other(void **state)
{
	struct http_config both = {
		.url = "http://h/", .user = "u", .password = "p", .token = "t"
	};
	struct http_config half = { .url = "http://h/", .user = "u" };
	struct http_config colon = { .url = "http://h/", .user = "u:v", .password = "p" };
	struct http_config good = { .url = "http://h/", .user = "u", .password = "p" };
	char problem[RELAY_REASON] = "";

	(void)state;
	assert_true(belfry_relay.check(&good, problem));
	assert_false(belfry_relay.check(&both, problem));
	assert_non_null(strstr(problem, "token_file"));
	assert_false(belfry_relay.check(&colon, problem));
	assert_non_null(strstr(problem, "colon"));
	assert_false(belfry_relay.check(&half, problem));
	assert_non_null(strstr(problem, "password_file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_fit_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
