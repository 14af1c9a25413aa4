/* SPDX-License-Identifier: MIT */
#include "plugins/http/url.h"

#include <curl/curl.h>

#include "tests/unit/plugins/http/fake_host.h"

static void check_url(int format, const char *text, const char *wanted)
{
	struct http_config config = { .format = format, .url = text };
	char problem[RELAY_REASON] = "";
	char *url = http_url_make(&config, problem);

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_follows_from_the_format),
		cmocka_unit_test(what_is_no_url_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
