/* SPDX-License-Identifier: MIT */
#include "plugins/http/client_setup.h"

#include "tests/unit/plugins/http/fake_host.h"

static void check_url(int format, const char *text, const char *wanted)
{
	struct http_config config = { .format = format, .url = text };
	char problem[RELAY_REASON] = "";
	char *url = client_setup_url(&config, problem);

	if (wanted == NULL) {
		assert_null(url);
		assert_true(problem[0] != '\0');
	} else {
		assert_non_null(url);
		assert_string_equal(url, wanted);
	}
	curl_free(url);
}

static void the_path_follows_from_the_format(void **state)
{
	(void)state;
	check_url(HTTP_WEBHOOK, "http://h:80/in?x=1", "http://h:80/in?x=1");
	check_url(HTTP_WEBHOOK, "http://h", "http://h/");
	check_url(HTTP_ELASTICSEARCH, "https://h:9200",
			"https://h:9200/_bulk?filter_path=errors,items.*.status,"
			"items.*.error.type,items.*.error.reason");
	check_url(HTTP_ELASTICSEARCH, "https://h/es/_bulk", "https://h/es/_bulk");
	check_url(HTTP_LOKI, "http://[::1]:3100/", "http://[::1]:3100/loki/api/v1/push");
	check_url(HTTP_LOKI, "http://h/insert/loki/api/v1/push?x",
			"http://h/insert/loki/api/v1/push?x");
}

static void what_is_no_url_is_refused(void **state)
{
	static const char *const bad[] = { "", "h:80", "ftp://h/", "file:///etc/passwd", "http://",
		"http://h:99999/", "http://u@h/", "http://u:p@h/", "http://h/ x",
		"http://h/#part" };

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		check_url(HTTP_WEBHOOK, bad[i], NULL);
}

static void headers_are_checked(void **state)
{
	static const char *const good[] = { "X-Scope-OrgID: tenant1", "a:b" };
	static const char *const bad[] = { "", "X", "X:", "X: ", ": x", "X Y: z", "X: a\r\nY: b",
		"Authorization: Basic eA==", "content-length: 1", "Content-Type: a/b" };
	char problem[RELAY_REASON];

	(void)state;
	for (size_t i = 0; i < array_size(good); i++)
		assert_true(client_setup_header_valid(good[i], problem));
	for (size_t i = 0; i < array_size(bad); i++) {
		problem[0] = '\0';
		assert_false(client_setup_header_valid(bad[i], problem));
		assert_true(problem[0] != '\0');
	}
}

static void check_headers(const struct http_config *config, const char *wanted)
{
	struct curl_slist *list = client_setup_headers(config, "a/b", config->gzip);
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
		cmocka_unit_test(the_path_follows_from_the_format),
		cmocka_unit_test(what_is_no_url_is_refused),
		cmocka_unit_test(headers_are_checked),
		cmocka_unit_test(headers_of_a_request),
		cmocka_unit_test(settings_fit_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
