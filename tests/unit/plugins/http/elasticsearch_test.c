/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugins/http/fake_host.h"

static const struct http_config config = { .format = HTTP_ELASTICSEARCH, .index = "belfry" };

static const struct relay_text index_name = { "belfry-2026.11.23", 17 };

static struct relay_record document(const char *id, const char *text)
{
	struct relay_record record = a_check(id, text);

	record.rendered = &index_name;
	return record;
}

static void two_lines_a_document(void **state)
{
	struct relay_record records[] = { document("g\"1", "{\"a\":1}"), document("g-2", "{}") };
	struct relay_batch batch = batch_of(records, 2);
	struct fake_host fake = fake_host();
	struct http_request request = { 0 };

	(void)state;
	assert_int_equal(http_elasticsearch.build(&config, &fake.host, &batch, 0, &request), 2);
	assert_string_equal(str_text(&request.body),
			"{\"create\":{\"_index\":\"belfry-2026.11.23\",\"_id\":\"g\\\"1\"}}\n"
			"{\"a\":1}\n"
			"{\"create\":{\"_index\":\"belfry-2026.11.23\",\"_id\":\"g-2\"}}\n"
			"{}\n");
	assert_string_equal(request.content_type, "application/x-ndjson");
	http_request_finish(&request);
}

static void no_publisher_writes_an_action(void **state)
{
	static const char *const texts[] = {
		"{}\n{\"delete\":{\"_index\":\"x\",\"_id\":\"1\"}}",
		"{\"a\":\"\n\"}",
		"plain text",
		"[1]",
		"{}{}",
		"{\"a\":\"}",
		"",
		/* A line break behind a backslash, and the strings of either reader matched. */
		"{\"a\":\"\\\n{\"delete\":{\"_index\":\"x\",\"_id\":\"{\\\"\"}}",
		"{\"a\":1,\n\"b\":2}",
		"{\"a\":1,\r\"b\":2}",
		"{\"a\":\"\xff\"}",
		"{\"a\":x}",
	};

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		struct relay_record record = document("1", texts[i]);
		struct relay_batch batch = batch_of(&record, 1);
		struct fake_host fake = fake_host();
		struct http_request request = { 0 };

		assert_int_equal(http_elasticsearch.build(&config, &fake.host, &batch, 0, &request),
				1);
		assert_int_equal(request.count, 0);
		assert_int_equal(request.body.len, 0);
		assert_int_equal(fake.marks[0], RELAY_REJECT);
		http_request_finish(&request);
	}
}

/* The answer to records 1, 3 and 5 of a batch; the others were not part of the request. */
static enum relay_verdict judge(
		struct fake_host *fake, struct http_answer answer, struct relay_outcome *outcome)
{
	size_t numbers[] = { 1, 3, 5 };
	struct http_request request = { .records = numbers, .count = 3 };

	*fake = fake_host();
	*outcome = (struct relay_outcome){ .size = sizeof(*outcome) };
	return http_elasticsearch.judge(&fake->host, &request, &answer, outcome);
}

static void each_item_has_its_own_verdict(void **state)
{
	struct fake_host fake;
	struct relay_outcome outcome;
	const char *body =
			"{\"took\":3,\"errors\":true,\"items\":["
			"{\"create\":{\"_id\":\"1\",\"status\":201}},"
			"{\"create\":{\"status\":400,\"error\":{\"type\":"
			"\"mapper_parsing_exception\",\"reason\":\"failed to parse field [a]\"}}},"
			"{\"create\":{\"status\":429,\"error\":{\"type\":"
			"\"es_rejected_execution_exception\",\"reason\":\"queue full\"}}}]}";

	(void)state;
	assert_int_equal(judge(&fake, answer_of(200, body), &outcome), RELAY_OK);
	assert_int_equal(fake.marks[1], NOT_MARKED);
	assert_int_equal(fake.marks[3], RELAY_REJECT);
	assert_string_equal(fake.reasons[3],
			"400: mapper_parsing_exception: failed to parse field [a]");
	assert_int_equal(fake.marks[5], RELAY_RETRY);
	assert_string_equal(outcome.reason, "429: es_rejected_execution_exception: queue full");
	assert_int_equal(fake.counters[HTTP_REFUSALS], 1);
}

static void what_is_there_already_has_arrived(void **state)
{
	struct fake_host fake;
	struct relay_outcome outcome;

	(void)state;
	assert_int_equal(
			judge(&fake,
					answer_of(200, "{\"errors\":true,\"items\":["
						       "{\"create\":{\"status\":409,\"error\":{}}},"
						       "{\"create\":{\"status\":201}},"
						       "{\"create\":{\"status\":409}}]}"),
					&outcome),
			RELAY_OK);
	for (size_t i = 0; i < FAKE_RECORDS; i++)
		assert_int_equal(fake.marks[i], NOT_MARKED);
	assert_int_equal(fake.counters[HTTP_KNOWN], 2);
}

static void what_can_be_mended_is_tried_again(void **state)
{
	static const struct {
		const char *error;
		int verdict;
	} cases[] = {
		{ "\"status\":400,\"error\":{\"type\":\"index_closed_exception\"}", RELAY_RETRY },
		{ "\"status\":400,\"error\":{\"type\":\"validation_exception\"}", RELAY_RETRY },
		{ "\"status\":403,\"error\":{\"type\":\"cluster_block_exception\"}", RELAY_RETRY },
		{ "\"status\":404,\"error\":{\"type\":\"index_not_found_exception\"}",
				RELAY_RETRY },
		{ "\"status\":503,\"error\":{\"type\":\"unavailable_shards_exception\"}",
				RELAY_RETRY },
		{ "\"status\":413", RELAY_REJECT },
		{ "\"status\":400,\"error\":\"a text\"", RELAY_REJECT },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fake_host fake;
		struct relay_outcome outcome;
		char body[300];

		snprintf(body, sizeof(body),
				"{\"errors\":true,\"items\":[{\"create\":{%s}},"
				"{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}",
				cases[i].error);
		judge(&fake, answer_of(200, body), &outcome);
		assert_int_equal(fake.marks[1], cases[i].verdict);
	}
}

/* Whether the names of the index template's making are chosen by publishers. */
static bool names_are_chosen(const char *index)
{
	struct http_config of_index = { .format = HTTP_ELASTICSEARCH, .index = index };
	struct relay_record record = document("1", "{}");
	struct relay_batch batch = batch_of(&record, 1);
	struct fake_host fake = fake_host();
	struct http_request request = { 0 };
	bool chosen;

	http_elasticsearch.build(&of_index, &fake.host, &batch, 0, &request);
	chosen = request.names_are_chosen;
	http_request_finish(&request);
	return chosen;
}

static void no_publisher_blocks_the_output_by_an_index_that_is_refused(void **state)
{
	static const struct {
		const char *error;
		int verdict;
	} cases[] = {
		{ "\"status\":404,\"error\":{\"type\":\"index_not_found_exception\"}",
				RELAY_REJECT },
		{ "\"status\":403,\"error\":{\"type\":\"security_exception\"}", RELAY_REJECT },
		{ "\"status\":403,\"error\":{\"type\":\"cluster_block_exception\"}", RELAY_RETRY },
		{ "\"status\":503,\"error\":{\"type\":\"unavailable_shards_exception\"}",
				RELAY_RETRY },
	};
	size_t number = 1;
	struct http_request request = { .records = &number, .count = 1, .names_are_chosen = true };

	(void)state;
	assert_true(names_are_chosen("logs-${topic[1]|lower}-${time:%Y}"));
	assert_true(names_are_chosen("${time:%Y}-${user}"));
	assert_false(names_are_chosen("belfry-${time:%Y.%m.%d}-${gateway}-${received|url}"));
	assert_false(names_are_chosen("belfry"));
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fake_host fake = fake_host();
		struct relay_outcome outcome = { .size = sizeof(outcome) };
		struct http_answer answer;
		char body[300];

		snprintf(body, sizeof(body), "{\"errors\":true,\"items\":[{\"create\":{%s}}]}",
				cases[i].error);
		answer = answer_of(200, body);
		http_elasticsearch.judge(&fake.host, &request, &answer, &outcome);
		assert_int_equal(fake.marks[1], cases[i].verdict);
	}
}

static void all_well_needs_no_items(void **state)
{
	struct fake_host fake;
	struct relay_outcome outcome;

	(void)state;
	assert_int_equal(judge(&fake, answer_of(200, " {\"errors\":false}\n"), &outcome), RELAY_OK);
}

static void an_answer_that_is_none_is_no_success(void **state)
{
	static const char *const bodies[] = {
		"",
		"OK",
		"{}",
		"[]",
		"{\"errors\":\"false\"}",
		"{\"Errors\":false}",
		"{\"errors\":false} and more",
		"{\"errors\":true}",
		"{\"errors\":true,\"items\":[]}",
		"{\"errors\":true,\"items\":[{\"create\":{\"status\":201}}]}",
		"{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},7,{}]}",
		("{\"errors\":true,\"items\":[{\"create\":{\"status\":\"201\"}},"
		 "{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}"),
	};

	(void)state;
	for (size_t i = 0; i < array_size(bodies); i++) {
		struct fake_host fake;
		struct relay_outcome outcome;

		assert_int_equal(judge(&fake, answer_of(200, bodies[i]), &outcome), RELAY_RETRY);
		assert_true(outcome.reason[0] != '\0');
		for (size_t k = 0; k < FAKE_RECORDS; k++)
			assert_int_equal(fake.marks[k], NOT_MARKED);
	}
}

static void a_cut_answer_is_no_success(void **state)
{
	struct http_answer answer = answer_of(200, "{\"errors\":false}");
	struct fake_host fake;
	struct relay_outcome outcome;

	(void)state;
	answer.is_cut = true;
	assert_int_equal(judge(&fake, answer, &outcome), RELAY_RETRY);
	assert_non_null(strstr(outcome.reason, "max_response"));
}

static void an_index_is_needed(void **state)
{
	struct http_config without = { .format = HTTP_ELASTICSEARCH };
	char problem[RELAY_REASON] = "";

	(void)state;
	assert_true(http_elasticsearch.check(&config, problem));
	assert_false(http_elasticsearch.check(&without, problem));
	assert_non_null(strstr(problem, "belfry-${time:%Y.%m.%d}"));
}

static void an_index_has_small_letters(void **state)
{
	struct http_config capital = { .index = "${host|lower}-Belfry" };
	struct http_config fields = { .index = "a-${time:%Y.%H}-${host|lower}" };
	char problem[RELAY_REASON] = "";

	(void)state;
	assert_true(http_elasticsearch.check(&fields, problem));
	assert_false(http_elasticsearch.check(&capital, problem));
	assert_non_null(strstr(problem, "capital letters"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_has_small_letters),
		cmocka_unit_test(two_lines_a_document),
		cmocka_unit_test(no_publisher_writes_an_action),
		cmocka_unit_test(each_item_has_its_own_verdict),
		cmocka_unit_test(what_is_there_already_has_arrived),
		cmocka_unit_test(what_can_be_mended_is_tried_again),
		cmocka_unit_test(no_publisher_blocks_the_output_by_an_index_that_is_refused),
		cmocka_unit_test(all_well_needs_no_items),
		cmocka_unit_test(an_answer_that_is_none_is_no_success),
		cmocka_unit_test(a_cut_answer_is_no_success),
		cmocka_unit_test(an_index_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
