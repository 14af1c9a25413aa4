/* SPDX-License-Identifier: MIT */
#include "plugins/http/label.h"

#include "tests/unit/plugins/http/fake_host.h"

static const char *const wanted[] = { "state", "site=north \"1\"", "gateway", "topic" };
static const char *const of_job[] = { "job=checks" };

static void lines_of_the_same_labels_stand_together_in_order_of_time(void **state)
{
	const struct http_config config = { .format = HTTP_LOKI };
	struct relay_record records[] = { a_check("1", "late"), a_check("2", "early \"q\""),
		a_check("3", "other"), a_check("4", "late, too") };
	struct relay_batch batch = batch_of(records, 4);
	struct fake_host fake = fake_host();
	struct http_request request = { 0 };

	(void)state;
	records[1].time_ns -= 5;
	records[2].host = text_of("db1");
	records[2].service = text_of("");
	assert_int_equal(http_loki.build(&config, &fake.host, &batch, 0, &request), 4);
	assert_string_equal(str_text(&request.body),
			"{\"streams\":["
			"{\"stream\":{\"job\":\"belfry\",\"host\":\"db1\"},\"values\":["
			"[\"1795384096250000000\",\"other\"]]},"
			"{\"stream\":{\"job\":\"belfry\",\"host\":\"web1\",\"service\":\"HTTP\"},"
			"\"values\":["
			"[\"1795384096249999995\",\"early \\\"q\\\"\"],"
			"[\"1795384096250000000\",\"late\"],"
			"[\"1795384096250000000\",\"late, too\"]]}]}");
	assert_string_equal(request.content_type, "application/json");
	assert_int_equal(request.count, 4);
	assert_int_equal(request.records[1], 1);
	http_request_finish(&request);
}

static void check_set(const struct relay_list *labels, const struct relay_record *record,
		const char *expected)
{
	struct str text = { 0 };

	label_append_set(&text, labels, "gw1", record);
	assert_string_equal(str_text(&text), expected);
	str_finish(&text);
}

static void labels_are_what_was_asked_for(void **state)
{
	struct relay_record check = a_check("1", ""), host = check, message = check;
	struct relay_list labels = list_of(wanted, array_size(wanted)), job = list_of(of_job, 1);

	(void)state;
	check_set(&labels, &check,
			"{\"job\":\"belfry\",\"state\":\"CRITICAL\",\"site\":\"north \\\"1\\\"\","
			"\"gateway\":\"gw1\",\"topic\":\"nagios/web1/HTTP\"}");
	host.service = text_of("");
	host.state = 1;
	check_set(&labels, &host,
			"{\"job\":\"belfry\",\"state\":\"DOWN\",\"site\":\"north \\\"1\\\"\","
			"\"gateway\":\"gw1\",\"topic\":\"nagios/web1/HTTP\"}");
	message.kind = RELAY_MESSAGE;
	message.topic = text_of("");
	check_set(&labels, &message,
			"{\"job\":\"belfry\",\"site\":\"north \\\"1\\\"\",\"gateway\":\"gw1\"}");
	check_set(&job, &check, "{\"job\":\"checks\"}");
}

static void check_label(const char *text, bool good)
{
	struct http_config config = { .format = HTTP_LOKI, .labels = list_of(&text, 1) };
	char problem[RELAY_REASON] = "";

	assert_int_equal(label_check(&config, problem), good);
	assert_int_equal(problem[0] == '\0', good);
}

static void names_are_checked(void **state)
{
	static const char *const twice[] = { "host", "host=x" };
	struct http_config config = { .format = HTTP_LOKI, .labels = list_of(twice, 2) };
	char problem[RELAY_REASON] = "";

	(void)state;
	check_label("host", true);
	check_label("site_2=x y", true);
	check_label("client", false);
	check_label("2=x", false);
	check_label("a-b=x", false);
	check_label("__x=x", false);
	check_label("=x", false);
	check_label("x=", false);
	assert_false(label_check(&config, problem));
	assert_non_null(strstr(problem, "twice"));
}

static void answers(void **state)
{
	static const struct {
		unsigned status;
		bool is_page;
		enum relay_verdict verdict;
	} cases[] = { { 204, false, RELAY_OK }, { 200, true, RELAY_RETRY },
		{ 400, false, RELAY_REJECT }, { 429, false, RELAY_RETRY },
		{ 500, false, RELAY_RETRY } };

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fake_host fake = fake_host();
		struct http_request request = { 0 };
		struct http_answer answer = answer_of(cases[i].status, "entry too far behind");
		struct relay_outcome outcome = { 0 };

		answer.is_page = cases[i].is_page;
		assert_int_equal(http_loki.judge(&fake.host, &request, &answer, &outcome),
				cases[i].verdict);
	}
}

/* A publisher chooses services, and so how many streams there are. */
static void a_stream_too_many_holds_up_nobody(void **state)
{
	struct fake_host fake = fake_host();
	struct http_request request = { 0 };
	struct http_answer answer = answer_of(429, "rpc error: code = Code(429) desc = maximum "
						   "active stream limit exceeded when "
						   "trying to create stream {job=\"belfry\"}, "
						   "reduce the number of active streams");
	struct relay_outcome outcome = { 0 };

	(void)state;
	assert_int_equal(http_loki.judge(&fake.host, &request, &answer, &outcome), RELAY_REJECT);
	assert_non_null(strstr(outcome.reason, "stream limit"));
	answer.body = span_of_text("Ingestion rate limit exceeded for user fake");
	assert_int_equal(http_loki.judge(&fake.host, &request, &answer, &outcome), RELAY_RETRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_same_labels_stand_together_in_order_of_time),
		cmocka_unit_test(labels_are_what_was_asked_for),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(answers),
		cmocka_unit_test(a_stream_too_many_holds_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
