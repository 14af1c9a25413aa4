/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "cli/result.h"
#include "gateway/result/decode.h"

static char *encode(const struct result *r)
{
	struct str json = { 0 };

	result_json(r, &json);
	return str_take(&json);
}

static void test_members(void **unused)
{
	struct result r = { .state = "OK" };
	char *json = encode(&r);

	(void)unused;
	assert_string_equal(json, "{\"state\":\"OK\"}");
	free(json);
	r = (struct result){ .state = "DOWN",
		.output = SPAN("o"),
		.long_output = SPAN("l"),
		.perfdata = SPAN("a=1"),
		.time = SPAN("1795397207.5"),
		.ttl = SPAN("60"),
		.id = SPAN("i") };
	json = encode(&r);
	assert_string_equal(json, "{\"state\":\"DOWN\",\"output\":\"o\",\"long_output\":\"l\","
				  "\"perfdata\":\"a=1\",\"time\":1795397207.5,\"ttl\":60,"
				  "\"id\":\"i\"}");
	free(json);
	r = (struct result){ .state = "UP", .time = SPAN("2026-11-23T04:05:06Z") };
	json = encode(&r);
	assert_string_equal(json, "{\"state\":\"UP\",\"time\":\"2026-11-23T04:05:06Z\"}");
	free(json);
	r.time = (struct span)SPAN("007");
	json = encode(&r);
	assert_string_equal(json, "{\"state\":\"UP\",\"time\":\"007\"}");
	free(json);
}

/* What was put in comes out of a parser again. */
static void expect_output(struct span output, const char *expected)
{
	struct result r = { .state = "OK", .output = output };
	char *json = encode(&r);
	cJSON *parsed = cJSON_ParseWithOpts(json, NULL, true);

	assert_non_null(parsed);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(parsed, "output")), expected);
	for (const char *c = json; *c != '\0'; c++)
		assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
	cJSON_Delete(parsed);
	free(json);
}

static void test_escapes(void **unused)
{
	char all[128];

	(void)unused;
	for (int i = 0; i < 127; i++)
		all[i] = (char)(i + 1);
	all[127] = '\0';
	expect_output(span_of(all, 127), all);
	expect_output((struct span)SPAN("\"\\\n\r\t/"), "\"\\\n\r\t/");
	expect_output((struct span)SPAN("\xc3\xa4 \xf0\x9f\x94\x94"), "\xc3\xa4 \xf0\x9f\x94\x94");
	expect_output((struct span)SPAN("\xc2\x85"), "\xc2\x85");
	expect_output((struct span)SPAN("a\0b"), "a\xef\xbf\xbd"
						 "b");
	expect_output((struct span)SPAN("\xff\xc3"), "\xef\xbf\xbd\xef\xbf\xbd");
	expect_output((struct span)SPAN("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

struct seen {
	unsigned results, rejections;
	enum check_state state;
	struct str output;
};

static void on_result(void *owner, const struct check_result *result)
{
	struct seen *seen = owner;

	seen->results++;
	seen->state = result->state;
	str_clear(&seen->output);
	str_append(&seen->output, result->output);
}

static void on_rejection(void *owner, const struct rejection *rejection)
{
	struct seen *seen = owner;

	(void)rejection;
	seen->rejections++;
}

static void test_gateway_takes_it(void **unused)
{
	struct result r = { .state = "CRITICAL",
		.output = SPAN("a \"b\" \\ \xff\0 c"),
		.time = SPAN("2026-11-23T04:05:06.789Z"),
		.ttl = SPAN("0"),
		.id = SPAN("1") };
	char *json = encode(&r);
	struct seen seen = { 0 };
	struct decode_sink sink = { &seen, on_result, on_rejection };
	struct decode_input input = { .payload = span_of_text(json),
		.host = SPAN("h"),
		.service = SPAN("s"),
		.formats = DECODE_JSON };
	struct decoder *d = decoder_create();

	(void)unused;
	decode(d, &input, &sink);
	assert_int_equal(seen.results, 1);
	assert_int_equal(seen.rejections, 0);
	assert_int_equal(seen.state, CHECK_CRITICAL);
	assert_string_equal(str_text(&seen.output), "a \"b\" \\ \xef\xbf\xbd\xef\xbf\xbd c");
	decoder_destroy(d);
	str_finish(&seen.output);
	free(json);
}

static void test_rejections(void **unused)
{
	char *s = reject_sentence((struct span)SPAN(
			"{\"code\":\"x\",\"reason\":\"No state.\",\"remedy\":\"Add it.\"}"));

	(void)unused;
	assert_string_equal(s, "No state. Add it.");
	free(s);
	s = reject_sentence((struct span)SPAN("{\"reason\":1"));
	assert_string_equal(s, "the gateway does not say why");
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_gateway_takes_it),
		cmocka_unit_test(test_rejections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
