/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugins/http/fake_host.h"

static struct relay_record records[3];
static struct relay_batch batch;

static int three_records(void **state)
{
	(void)state;
	records[0] = a_check("a", "{\"n\":1}");
	records[1] = a_check("b", "no JSON, \"quoted\"");
	records[2] = a_check("c", "{\"n\":[{}]}");
	batch = batch_of(records, 3);
	return 0;
}

static size_t build(int body, size_t from, struct fake_host *fake, struct http_request *request)
{
	struct http_config config = { .format = HTTP_WEBHOOK, .body = body };

	*fake = fake_host();
	return http_webhook.build(&config, &fake->host, &batch, from, request);
}

static void an_array_of_all(void **state)
{
	struct fake_host fake;
	struct http_request request = { 0 };

	(void)state;
	assert_int_equal(build(HTTP_ARRAY, 0, &fake, &request), 3);
	assert_string_equal(str_text(&request.body),
			"[{\"n\":1},\"no JSON, \\\"quoted\\\"\",{\"n\":[{}]}]");
	assert_string_equal(request.content_type, "application/json");
	assert_int_equal(request.count, 3);
	http_request_finish(&request);
}

static void a_payload_does_not_leave_its_place_in_the_array(void **state)
{
	struct fake_host fake;
	struct http_request request = { 0 };

	(void)state;
	records[0].text = text_of("{},{}");
	records[1].text = text_of("{\"a\":\"}\"}");
	records[2].text = text_of("{\"a\":1}]");
	build(HTTP_ARRAY, 0, &fake, &request);
	assert_string_equal(
			str_text(&request.body), "[\"{},{}\",{\"a\":\"}\"},\"{\\\"a\\\":1}]\"]");
	http_request_finish(&request);
}

static void a_line_each(void **state)
{
	struct fake_host fake;
	struct http_request request = { 0 };

	(void)state;
	records[1].text = text_of("two\nlines");
	assert_int_equal(build(HTTP_LINES, 0, &fake, &request), 3);
	assert_string_equal(str_text(&request.body), "{\"n\":1}\n{\"n\":[{}]}\n");
	assert_string_equal(request.content_type, "application/x-ndjson");
	assert_int_equal(request.count, 2);
	assert_int_equal(request.records[1], 2);
	assert_int_equal(fake.marks[0], NOT_MARKED);
	assert_int_equal(fake.marks[1], RELAY_REJECT);
	http_request_finish(&request);
}

static void a_request_each(void **state)
{
	struct fake_host fake;
	struct http_request request = { 0 };

	(void)state;
	assert_int_equal(build(HTTP_EACH, 0, &fake, &request), 1);
	assert_string_equal(str_text(&request.body), "{\"n\":1}");
	assert_string_equal(request.content_type, "application/json");
	http_request_clear(&request);
	assert_int_equal(build(HTTP_EACH, 1, &fake, &request), 2);
	assert_string_equal(str_text(&request.body), "no JSON, \"quoted\"");
	assert_string_equal(request.content_type, "text/plain; charset=utf-8");
	assert_int_equal(request.records[0], 1);
	http_request_finish(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_array_of_all, three_records),
		cmocka_unit_test_setup(
				a_payload_does_not_leave_its_place_in_the_array, three_records),
		cmocka_unit_test_setup(a_line_each, three_records),
		cmocka_unit_test_setup(a_request_each, three_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
