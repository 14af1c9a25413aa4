/* SPDX-License-Identifier: MIT */
/*
 * Dispatch, names, and what becomes of a plugin's output: what is the same for every format.
 * JSON has decode_json_test.c, plain text decode_text_test.c.
 */
#include "gateway/result/decode.h"

#include "tests/unit/gateway/result/decode_expect.h"

static void the_topic_names_host_and_service(void **unused)
{
	struct decoded d = decode_one("{\"state\":2}", "web1", "Disk /var");

	(void)unused;
	assert_string_equal(d.host, "web1");
	assert_string_equal(d.service, "Disk /var");
	d = decode_one("{\"state\":2}", "web1", "");
	assert_string_equal(d.host, "web1");
	assert_string_equal(d.service, "");
}

#define FROM_PAYLOAD NULL

/* What topic and payload say of the name, and what comes of it. */
static const struct {
	const char *topic_host, *topic_service;
	const char *payload;
	const char *host, *service; /* host NULL: refused */
	enum reject reject;
} names[] = {
	/* The payload repeats the topic. */
	{ "h", "s", "\"host\":\"h\",\"service\":\"s\"", "h", "s", 0 },
	{ "h", "s", "\"host\":null,\"service\":null", "h", "s", 0 },
	{ "h", "s", "\"host\":\"\",\"service\":\"\"", "h", "s", 0 },
	{ "h", "", "\"service\":\"\"", "h", "", 0 },
	{ "h", "", "\"service\":null", "h", "", 0 },
	{ "h", "", "\"service\":\"__HOST__\"", "h", "", 0 },
	{ "12", "s", "\"host\":12", "12", "s", 0 },
	{ "h", "s", "\"service\":\"h!s\"", "h", "s", 0 },
	{ "h", "s", "\"host\":\"h\",\"service\":\"h!s\"", "h", "s", 0 },
	{ "h", "s", "\"host\":\"h!s\"", "h", "s", 0 },
	{ "h", "a!b", "\"service\":\"a!b\"", "h", "a!b", 0 },
	{ "a!b", "s", "\"host\":\"a!b\"", "a!b", "s", 0 },
	{ "h", "s", "\"type\":\"service\"", "h", "s", 0 },
	{ "h", "", "\"type\":\"HOST\"", "h", "", 0 },
	{ "h", "", "\"type\":\"passive\"", "h", "", 0 },
	{ "h", "s", "\"type\":\"passive\"", "h", "s", 0 },
	{ "h", "s", "\"type\":1", "h", "s", 0 },

	/* The payload changes the topic. */
	{ "h", "s", "\"host\":\"x\"", NULL, NULL, REJECT_HOST_MISMATCH },
	{ "h", "s", "\"host\":\"H\"", NULL, NULL, REJECT_HOST_MISMATCH },
	{ "h", "s", "\"host\":\"h \"", NULL, NULL, REJECT_HOST_MISMATCH },
	{ "h", "s", "\"hostname\":\"x\"", NULL, NULL, REJECT_HOST_MISMATCH },
	{ "h", "s", "\"service\":\"x!s\"", NULL, NULL, REJECT_HOST_MISMATCH },
	{ "h", "s", "\"host\":\"x!s\"", NULL, NULL, REJECT_HOST_MISMATCH },
	{ "h", "s", "\"host\":\"x;y\"", NULL, NULL, REJECT_HOST_MISMATCH },
	{ "h", "s", "\"service\":\"x\"", NULL, NULL, REJECT_SERVICE_MISMATCH },
	{ "h", "s", "\"service\":\"h!x\"", NULL, NULL, REJECT_SERVICE_MISMATCH },
	{ "h", "s", "\"host\":\"h\",\"service\":\"x!s\"", NULL, NULL, REJECT_SERVICE_MISMATCH },
	{ "h", "", "\"service\":\"x\"", NULL, NULL, REJECT_SERVICE_MISMATCH },
	{ "h", "s", "\"service\":\"__HOST__\"", NULL, NULL, REJECT_SERVICE_MISMATCH },
	{ "h", "s", "\"type\":\"host\"", NULL, NULL, REJECT_SERVICE_MISMATCH },
	{ "h", "", "\"type\":\"service\"", NULL, NULL, REJECT_BAD_SERVICE },

	/* The topic cannot name it. */
	{ "", "s", "", NULL, NULL, REJECT_NO_HOST },
	{ "", "s", "\"host\":\"h\"", NULL, NULL, REJECT_NO_HOST },
	{ "a;b", "s", "", NULL, NULL, REJECT_BAD_HOST },
	{ "a\nb", "s", "", NULL, NULL, REJECT_BAD_HOST },
	{ "a\xff", "s", "", NULL, NULL, REJECT_BAD_HOST },
	{ "h", "a;b", "", NULL, NULL, REJECT_BAD_SERVICE },
	{ "h", " a", "", NULL, NULL, REJECT_BAD_SERVICE },

	/* The payload alone names it. */
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"host\":\"h\",\"service\":\"s\"", "h", "s", 0 },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"host\":\"h\"", "h", "", 0 },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"host\":\"h\",\"service\":\"\"", "h", "", 0 },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"host\":\"h\",\"service\":null", "h", "", 0 },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"host\":\"h\",\"service\":\"__HOST__\"", "h", "", 0 },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"service\":\"h!s\"", "h", "s", 0 },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"host\":\"h!s\"", "h", "s", 0 },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"service\":\"h!s!t\"", "h", "s!t", 0 },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"host\":\"h\",\"service\":\"x!s\"", "h", "x!s", 0 },
	{ FROM_PAYLOAD, "s", "\"host\":\"h\"", "h", "s", 0 },
	{ "h", FROM_PAYLOAD, "\"service\":\"s\"", "h", "s", 0 },
	{ "h", FROM_PAYLOAD, "", "h", "", 0 },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "", NULL, NULL, REJECT_NO_HOST },
	{ FROM_PAYLOAD, FROM_PAYLOAD, "\"service\":\"s\"", NULL, NULL, REJECT_NO_HOST },
	{ FROM_PAYLOAD, "s", "\"host\":\"\"", NULL, NULL, REJECT_NO_HOST },
	{ FROM_PAYLOAD, "s", "\"host\":\"a;b\"", NULL, NULL, REJECT_BAD_HOST },
	{ FROM_PAYLOAD, "s", "\"host\":\"a\\nb\"", NULL, NULL, REJECT_BAD_HOST },
	{ FROM_PAYLOAD, "s", "\"host\":{}", NULL, NULL, REJECT_BAD_HOST },
	{ FROM_PAYLOAD, "s", "\"host\":true", NULL, NULL, REJECT_BAD_HOST },
	{ "h", FROM_PAYLOAD, "\"service\":\"a;b\"", NULL, NULL, REJECT_BAD_SERVICE },
	{ "h", FROM_PAYLOAD, "\"service\":[]", NULL, NULL, REJECT_BAD_SERVICE },
	{ "h", FROM_PAYLOAD, "\"type\":\"service\"", NULL, NULL, REJECT_BAD_SERVICE },
	{ "h", FROM_PAYLOAD, "\"type\":\"host\",\"service\":\"s\"", NULL, NULL,
			REJECT_SERVICE_MISMATCH },
	{ "h", FROM_PAYLOAD, "\"type\":\"host\",\"service\":\"\"", "h", "", 0 },
};

static void the_payload_may_repeat_a_name_and_not_change_it(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(names); i++) {
		struct str payload = { 0 };
		struct decode_input input = { .formats = DECODE_JSON };
		struct decoded_list list;

		str_printf(&payload, "{\"state\":0%s%s}", names[i].payload[0] != '\0' ? "," : "",
				names[i].payload);
		print_message("%s\n", str_text(&payload));
		input.payload = str_span(&payload);
		input.host_from_payload = names[i].topic_host == FROM_PAYLOAD;
		input.service_from_payload = names[i].topic_service == FROM_PAYLOAD;
		if (!input.host_from_payload)
			input.host = span_of_text(names[i].topic_host);
		if (!input.service_from_payload)
			input.service = span_of_text(names[i].topic_service);
		list = decode_all(&input);
		assert_int_equal(list.count, 1);
		assert_int_equal(list.items[0].reject, names[i].reject);
		if (names[i].host != NULL) {
			assert_string_equal(list.items[0].host, names[i].host);
			assert_string_equal(list.items[0].service, names[i].service);
		}
		str_finish(&payload);
	}
}

static void a_mismatch_tells_both_names(void **unused)
{
	struct decoded d = decode_one("{\"state\":0,\"host\":\"evil\"}", "web1", "s");

	(void)unused;
	assert_int_equal(d.reject, REJECT_HOST_MISMATCH);
	assert_string_equal(d.detail, "evil");
	assert_string_equal(d.host, "web1");
	assert_string_equal(d.service, "s");
	d = decode_one("{\"state\":0,\"service\":\"evil\"}", "web1", "s");
	assert_int_equal(d.reject, REJECT_SERVICE_MISMATCH);
	assert_string_equal(d.detail, "evil");
	assert_string_equal(d.service, "s");
}

/* JSON for the members, and how output is split. */
static const struct {
	const char *members;
	const char *output, *long_output, *perfdata;
} outputs[] = {
	{ "\"output\":\"disk full\"", "disk full", "", "" },
	{ "\"output\":\" disk full \\n\"", "disk full", "", "" },
	{ "\"output\":\"\"", "", "", "" },
	{ "\"output\":\"disk full | used=98%\"", "disk full", "", "used=98%" },
	{ "\"output\":\"disk full|a=1|b=2\"", "disk full", "", "a=1|b=2" },
	{ "\"output\":\"|a=1\"", "", "", "a=1" },
	{ "\"output\":\"disk full|\"", "disk full", "", "" },
	{ "\"output\":\"a\\nb\\nc\"", "a", "b\nc", "" },
	{ "\"output\":\"a\\n  b\\n\\nc\\n\"", "a", "  b\n\nc", "" },
	{ "\"output\":\"a\\r\\nb\"", "a", "b", "" },
	{ "\"output\":\"a | x=1\\nb\"", "a", "b", "x=1" },
	/* The second `|`: from there on every line is perfdata. */
	{ "\"output\":\"a | x=1\\nb\\nc | y=2\\nz=3 \\n w=4\"", "a", "b\nc", "x=1 y=2 z=3 w=4" },
	{ "\"output\":\"a\\nb | y=2\"", "a", "b", "y=2" },
	{ "\"output\":\"a\\n| y=2\\n\"", "a", "", "y=2" },
	/* Given apart, a `|` in the text is only text. */
	{ "\"output\":\"a | b\\nc | d\",\"perfdata\":\"x=1\"", "a | b", "c | d", "x=1" },
	{ "\"output\":\"a | b\",\"perfdata\":\"\"", "a | b", "", "" },
	{ "\"output\":\"a | b\",\"perfdata\":[]", "a | b", "", "" },
	{ "\"output\":\"a | b\",\"perfdata\":{}", "a | b", "", "" },
	{ "\"output\":\"a | b\",\"perfdata\":null", "a", "", "b" },
	{ "\"output\":\"a\",\"long_output\":\"b\\nc | d\"", "a", "b\nc | d", "" },
	{ "\"output\":\"a\\nb\",\"long_output\":\"c\\nd\"", "a", "b\nc\nd", "" },
	{ "\"output\":\"a\\nb|x=1\",\"long_output\":\"c\"", "a", "b\nc", "x=1" },
	{ "\"output\":[\"a\",\"b|x=1\"],\"long_output\":[\"c\",\"d\"]", "a", "b\nc\nd", "x=1" },
	{ "\"long_output\":\"b\"", "", "b", "" },
};

static void output_is_split_as_a_plugins_is(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(outputs); i++) {
		struct str payload = { 0 };
		struct decoded d;

		str_printf(&payload, "{\"state\":0,%s}", outputs[i].members);
		print_message("%s\n", str_text(&payload));
		d = decode_one(str_text(&payload), "h", "s");
		assert_int_equal(d.reject, REJECT_NONE);
		assert_string_equal(d.output, outputs[i].output);
		assert_string_equal(d.long_output, outputs[i].long_output);
		assert_string_equal(d.perfdata, outputs[i].perfdata);
		str_finish(&payload);
	}
}

static struct decoded decode_as(struct span payload, unsigned formats)
{
	struct decode_input input = {
		.payload = payload, .host = SPAN("h"), .service = SPAN("s"), .formats = formats
	};
	struct decoded_list list = decode_all(&input);

	assert_int_equal(list.count, 1);
	return list.items[0];
}

static const struct {
	struct span payload;
	enum reject json, text, either;
} dispatched[] = {
	{ SPAN("{\"state\":0}"), REJECT_NONE, REJECT_NO_TEXT, REJECT_NONE },
	{ SPAN(" \r\n\t                    {\"state\":0} \n"), REJECT_NONE, REJECT_NO_TEXT,
			REJECT_NONE },
	{ SPAN("\xef\xbb\xbf{\"state\":0}"), REJECT_NONE, REJECT_NO_TEXT, REJECT_NONE },
	{ SPAN("OK fine"), REJECT_NOT_JSON, REJECT_NONE, REJECT_NONE },
	{ SPAN("\xef\xbb\xbfOK fine"), REJECT_NOT_JSON, REJECT_NONE, REJECT_NONE },
	{ SPAN("2 [a]"), REJECT_NOT_JSON, REJECT_NONE, REJECT_NONE },
	/* A single digit is JSON too, but not an object. */
	{ SPAN("2"), REJECT_NOT_OBJECT, REJECT_NONE, REJECT_NONE },
	{ SPAN("\"abc\""), REJECT_NOT_OBJECT, REJECT_NO_TEXT, REJECT_NO_TEXT },
	{ SPAN("null"), REJECT_NOT_OBJECT, REJECT_NO_TEXT, REJECT_NO_TEXT },
	{ SPAN("{\"state\":0"), REJECT_NOT_JSON, REJECT_NO_TEXT, REJECT_NOT_JSON },
	{ SPAN("[OK] fine"), REJECT_NOT_JSON, REJECT_NO_TEXT, REJECT_NOT_JSON },
	{ SPAN(""), REJECT_NOT_JSON, REJECT_NO_TEXT, REJECT_NO_TEXT },
	{ SPAN("{\"state\":0}\0"), REJECT_NUL, REJECT_NUL, REJECT_NUL },
	{ SPAN("OK a\0b"), REJECT_NUL, REJECT_NUL, REJECT_NUL },
	{ SPAN("OK a\xff"), REJECT_NOT_UTF8, REJECT_NOT_UTF8, REJECT_NOT_UTF8 },
	{ SPAN("{\"state\":0,\"output\":\"\xed\xa0\x80\"}"), REJECT_NOT_UTF8, REJECT_NOT_UTF8,
			REJECT_NOT_UTF8 },
};

static void the_payload_goes_to_the_format_that_fits(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(dispatched); i++) {
		struct span payload = dispatched[i].payload;

		print_message("%.*s\n", SPAN_ARGS(payload));
		assert_int_equal(decode_as(payload, DECODE_JSON).reject, dispatched[i].json);
		assert_int_equal(decode_as(payload, DECODE_TEXT).reject, dispatched[i].text);
		assert_int_equal(decode_as(payload, DECODE_JSON | DECODE_TEXT).reject,
				dispatched[i].either);
	}
}

static void a_payload_of_more_than_4_mib_is_refused(void **unused)
{
	struct str payload = { 0 };
	struct decoded d;

	(void)unused;
	str_append_text(&payload, "OK ");
	while (payload.len < MAX_PAYLOAD_BYTES)
		str_append_byte(&payload, 'x');
	assert_int_equal(decode_as(str_span(&payload), DECODE_TEXT).reject, REJECT_NONE);
	str_append_byte(&payload, 'x');
	d = decode_as(str_span(&payload), DECODE_TEXT);
	assert_int_equal(d.reject, REJECT_TOO_LARGE);
	assert_string_equal(d.detail, "4194305 bytes");
	str_finish(&payload);
}

static void a_decoder_that_was_never_made_can_be_destroyed(void **unused)
{
	(void)unused;
	decoder_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_topic_names_host_and_service),
		cmocka_unit_test(the_payload_may_repeat_a_name_and_not_change_it),
		cmocka_unit_test(a_mismatch_tells_both_names),
		cmocka_unit_test(output_is_split_as_a_plugins_is),
		cmocka_unit_test(the_payload_goes_to_the_format_that_fits),
		cmocka_unit_test(a_payload_of_more_than_4_mib_is_refused),
		cmocka_unit_test(a_decoder_that_was_never_made_can_be_destroyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
