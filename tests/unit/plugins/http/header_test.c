/* SPDX-License-Identifier: MIT */
#include "plugins/http/header.h"

#include "tests/unit/plugins/http/fake_host.h"

static void headers_are_checked(void **state)
{
	static const char *const good[] = { "X-Scope-OrgID: tenant1", "a:b" };
	static const char *const bad[] = { "", "X", "X:", "X: ", ": x", "X Y: z", "X: a\r\nY: b",
		"Authorization: Basic eA==", "content-length: 1", "Content-Type: a/b" };
	char problem[RELAY_REASON];

	(void)state;
	for (size_t i = 0; i < array_size(good); i++)
		assert_true(http_header_valid(good[i], problem));
	for (size_t i = 0; i < array_size(bad); i++) {
		problem[0] = '\0';
		assert_false(http_header_valid(bad[i], problem));
		assert_true(problem[0] != '\0');
	}
}

static void check_headers(const struct http_config *config, const char *wanted)
{
	struct curl_slist *list = http_headers_make(config, "a/b", config->gzip);
	struct str all = { 0 };

	for (struct curl_slist *at = list; at != NULL; at = at->next)
		str_printf(&all, "%s\n", at->data);
	assert_string_equal(str_text(&all), wanted);
	str_finish(&all);
	curl_slist_free_all(list);
}

static void headers_of_a_request(void **state)
{
	static const char *const texts[] = { "X-One: 1", "X-Two: 2" };
	struct http_config config = {
		.headers = list_of(texts, 2), .gzip = true, .token = "t0", .auth = HTTP_APIKEY
	};
	struct http_config plain = { 0 };

	(void)state;
	check_headers(&config, "Expect:\nContent-Type: a/b\nContent-Encoding: gzip\n"
			       "Authorization: ApiKey t0\nX-One: 1\nX-Two: 2\n");
	check_headers(&plain, "Expect:\nContent-Type: a/b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_checked),
		cmocka_unit_test(headers_of_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
