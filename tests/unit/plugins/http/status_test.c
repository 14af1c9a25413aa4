/* SPDX-License-Identifier: MIT */
#include "plugins/http/status.h"

#include "tests/unit/plugins/http/fake_host.h"

static enum relay_verdict judge(unsigned status, const char *body, struct relay_outcome *ret)
{
	struct http_answer answer = answer_of(status, body);

	*ret = (struct relay_outcome){ .size = sizeof(*ret) };
	return http_judge_status(&answer, ret);
}

static void every_class_has_its_verdict(void **state)
{
	static const struct {
		unsigned status;
		enum relay_verdict verdict;
		uint32_t wait_ms;
	} cases[] = {
		{ 200, RELAY_OK, 0 },
		{ 202, RELAY_OK, 0 },
		{ 204, RELAY_OK, 0 },
		{ 301, RELAY_RETRY, HTTP_MENDING_MS },
		{ 400, RELAY_REJECT, 0 },
		{ 401, RELAY_RETRY, HTTP_MENDING_MS },
		{ 403, RELAY_RETRY, HTTP_MENDING_MS },
		{ 404, RELAY_RETRY, HTTP_MENDING_MS },
		{ 405, RELAY_RETRY, HTTP_MENDING_MS },
		{ 408, RELAY_RETRY, 0 },
		{ 413, RELAY_REJECT, 0 },
		{ 415, RELAY_RETRY, HTTP_MENDING_MS },
		{ 422, RELAY_REJECT, 0 },
		{ 425, RELAY_RETRY, 0 },
		{ 429, RELAY_RETRY, 0 },
		{ 500, RELAY_RETRY, 0 },
		{ 503, RELAY_RETRY, 0 },
		{ 0, RELAY_RETRY, 0 },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct relay_outcome outcome;

		assert_int_equal(judge(cases[i].status, "", &outcome), cases[i].verdict);
		assert_int_equal(outcome.retry_after_ms, cases[i].wait_ms);
		assert_int_equal(outcome.reason[0] == '\0', cases[i].verdict == RELAY_OK);
	}
}

static void the_server_may_say_when(void **state)
{
	struct http_answer answer = answer_of(429, "");
	struct relay_outcome outcome = { 0 };

	(void)state;
	answer.retry_after_s = 7;
	assert_int_equal(http_judge_status(&answer, &outcome), RELAY_RETRY);
	assert_int_equal(outcome.retry_after_ms, 7000);
	answer.retry_after_s = UINT32_MAX;
	http_judge_status(&answer, &outcome);
	assert_int_equal(outcome.retry_after_ms, 600000);
}

static void the_reason_has_the_servers_words_and_the_remedy(void **state)
{
	static const struct {
		unsigned status;
		const char *body, *reason;
	} cases[] = {
		{ 503, "", "503" },
		{ 500, "out of order\nmore of it\n", "500: out of order" },
		{ 400, "{\"error\":\"partial write: dropped=1\"}",
				"400: partial write: dropped=1" },
		{ 422, "{\"code\":\"x\",\"message\":\"too old\"}", "422: too old" },
		{ 429, "{\"error\":{\"type\":\"t\",\"reason\":\"too much\"},\"status\":429}",
				"429: too much" },
		{ 401, "{\"error\":\"unauthorized\"}",
				"401: unauthorized; set user and password_file, or token_file" },
		{ 400, "{\"error\":7", "400" },
		{ 400, "\x1b[2Jboo", "400: \\x1b[2Jboo" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct relay_outcome outcome;

		judge(cases[i].status, cases[i].body, &outcome);
		assert_string_equal(outcome.reason, cases[i].reason);
	}
}

static void a_page_for_people_is_not_quoted(void **state)
{
	struct http_answer answer = answer_of(502, "<html><h1>Bad gateway</h1>");
	struct relay_outcome outcome = { 0 };

	(void)state;
	answer.is_page = true;
	http_judge_status(&answer, &outcome);
	assert_string_equal(outcome.reason, "502");
}

static void a_redirect_says_where_to(void **state)
{
	struct http_answer answer = answer_of(308, "");
	struct relay_outcome outcome = { 0 };

	(void)state;
	answer.location = "https://b.example/in";
	assert_int_equal(http_judge_status(&answer, &outcome), RELAY_RETRY);
	assert_non_null(strstr(outcome.reason, "https://b.example/in"));
	assert_non_null(strstr(outcome.reason, "mend url"));
}

static void long_words_are_cut(void **state)
{
	char body[2000];
	struct relay_outcome outcome;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	judge(401, body, &outcome);
	assert_non_null(strstr(outcome.reason, "; set user"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_class_has_its_verdict),
		cmocka_unit_test(the_server_may_say_when),
		cmocka_unit_test(the_reason_has_the_servers_words_and_the_remedy),
		cmocka_unit_test(a_page_for_people_is_not_quoted),
		cmocka_unit_test(a_redirect_says_where_to),
		cmocka_unit_test(long_words_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
