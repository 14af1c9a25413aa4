/* SPDX-License-Identifier: MIT */
#include "gateway/result/decode.h"

#include "common/result_keys.h"

#include "tests/unit/gateway/result/decode_expect.h"

static void a_code_and_a_reason_are_a_result(void **unused)
{
	struct decoded d = decode_one("{\"code\":2,\"reason\":\"disk full\"}", "h", "s");

	(void)unused;
	assert_int_equal(d.reject, REJECT_NONE);
	assert_int_equal(d.state, CHECK_CRITICAL);
	assert_string_equal(d.output, "disk full");
	assert_string_equal(d.perfdata, "");
	assert_string_equal(d.long_output, "");
	assert_true(d.time == 0);
	assert_true(d.ttl == -1);
	assert_string_equal(d.id, "");
	assert_string_equal(d.source, "");
}

static void unknown_keys_are_ignored(void **unused)
{
	struct decoded d = decode_one("{\"version\":7,\"x\":{\"state\":0},\"tags\":[{\"code\":1}],"
				      "\"state\":1,\"state_type\":\"abc\",\"y\":null}",
			"h", "s");

	(void)unused;
	assert_int_equal(d.reject, REJECT_NONE);
	assert_int_equal(d.state, CHECK_WARNING);
}

/* The names of facts/nagios.md 4.1 and `reason`, written out: the table must not lose one. */
static const struct {
	enum result_key key;
	const char *name;
} aliases[] = {
	{ KEY_HOST, "host" },
	{ KEY_HOST, "host_name" },
	{ KEY_HOST, "hostname" },
	{ KEY_HOST, "hostName" },
	{ KEY_SERVICE, "service" },
	{ KEY_SERVICE, "service_name" },
	{ KEY_SERVICE, "servicename" },
	{ KEY_SERVICE, "service_description" },
	{ KEY_SERVICE, "svc" },
	{ KEY_SERVICE, "check" },
	{ KEY_SERVICE, "check_name" },
	{ KEY_STATE, "state" },
	{ KEY_STATE, "code" },
	{ KEY_STATE, "return_code" },
	{ KEY_STATE, "returncode" },
	{ KEY_STATE, "rc" },
	{ KEY_STATE, "exit_status" },
	{ KEY_STATE, "exitcode" },
	{ KEY_STATE, "exit_code" },
	{ KEY_STATE, "status" },
	{ KEY_STATE, "state_s" },
	{ KEY_OUTPUT, "output" },
	{ KEY_OUTPUT, "message" },
	{ KEY_OUTPUT, "msg" },
	{ KEY_OUTPUT, "plugin_output" },
	{ KEY_OUTPUT, "pluginoutput" },
	{ KEY_OUTPUT, "text" },
	{ KEY_OUTPUT, "summary" },
	{ KEY_OUTPUT, "reason" },
	{ KEY_LONG_OUTPUT, "long_output" },
	{ KEY_LONG_OUTPUT, "details" },
	{ KEY_LONG_OUTPUT, "long_plugin_output" },
	{ KEY_PERFDATA, "perfdata" },
	{ KEY_PERFDATA, "perf_data" },
	{ KEY_PERFDATA, "performance_data" },
	{ KEY_PERFDATA, "metrics" },
	{ KEY_TIME, "time" },
	{ KEY_TIME, "check_time" },
	{ KEY_TIME, "timestamp" },
	{ KEY_TIME, "ts" },
	{ KEY_TIME, "_timestamp" },
	{ KEY_TIME, "execution_end" },
	{ KEY_TIME, "finish_time" },
	{ KEY_TIME, "start_time" },
	{ KEY_TTL, "ttl" },
	{ KEY_TTL, "freshness" },
	{ KEY_TTL, "expires_in" },
	{ KEY_ID, "id" },
	{ KEY_SOURCE, "source" },
	{ KEY_SOURCE, "check_source" },
	{ KEY_SOURCE, "origin" },
	{ KEY_TYPE, "type" },
	{ KEY_TYPE, "_type" },
};

/* One payload with the key given under `name`; was it understood as `key`? */
static bool is_understood(enum result_key key, const char *name)
{
	static const char *const values[KEY_COUNT] = { [KEY_HOST] = "\"H\"",
		[KEY_SERVICE] = "\"S\"",
		[KEY_STATE] = "2",
		[KEY_OUTPUT] = "\"O\"",
		[KEY_LONG_OUTPUT] = "\"L\"",
		[KEY_PERFDATA] = "\"p=1\"",
		[KEY_TIME] = "1411220019.711785664",
		[KEY_TTL] = "300",
		[KEY_ID] = "\"I\"",
		[KEY_SOURCE] = "\"B\"",
		[KEY_TYPE] = "\"service\"",
		[KEY_CHECKRESULT] = "{\"output\":\"O\"}" };
	struct str payload = { 0 };
	struct decode_input input = {
		.host_from_payload = true, .service_from_payload = true, .formats = DECODE_JSON
	};
	struct decoded_list list;
	struct decoded *d = &list.items[0];

	str_printf(&payload, "{\"%s\":%s", name, values[key]);
	if (key != KEY_HOST)
		str_append_text(&payload, ",\"host\":\"h\"");
	if (key != KEY_SERVICE && key != KEY_TYPE)
		str_append_text(&payload, ",\"service\":\"s\"");
	if (key != KEY_STATE)
		str_append_text(&payload, ",\"state\":0");
	str_append_text(&payload, "}");
	print_message("%s\n", str_text(&payload));
	input.payload = str_span(&payload);
	list = decode_all(&input);
	str_finish(&payload);
	assert_int_equal(list.count, 1);
	switch (key) {
	case KEY_HOST:
		return strcmp(d->host, "H") == 0;
	case KEY_SERVICE:
		return strcmp(d->service, "S") == 0;
	case KEY_STATE:
		return d->reject == REJECT_NONE && d->state == 2;
	case KEY_OUTPUT:
	case KEY_CHECKRESULT:
		return strcmp(d->output, "O") == 0;
	case KEY_LONG_OUTPUT:
		return strcmp(d->long_output, "L") == 0;
	case KEY_PERFDATA:
		return strcmp(d->perfdata, "p=1") == 0;
	case KEY_TIME:
		return d->time == 1411220019711785664;
	case KEY_TTL:
		return d->ttl == 300;
	case KEY_ID:
		return strcmp(d->id, "I") == 0;
	case KEY_SOURCE:
		return strcmp(d->source, "B") == 0;
	case KEY_TYPE: /* type service, and no service is named */
		return d->reject == REJECT_BAD_SERVICE;
	case KEY_COUNT:
	default:
		return false;
	}
}

static void every_alias_is_understood(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(aliases); i++)
		assert_true(is_understood(aliases[i].key, aliases[i].name));
	for (size_t i = 0; i < key_alias_count; i++) {
		char *name = span_dup_text(key_aliases[i].name);

		assert_true(is_understood(key_aliases[i].key, name));
		for (char *c = name; *c != '\0'; c++)
			*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
		assert_true(is_understood(key_aliases[i].key, name));
		free(name);
	}
}

/* Members of one result; the code of the rejection, or REJECT_NONE and the state. */
static const struct {
	const char *members;
	enum reject reject;
	int service, host;
} states[] = {
	{ "\"state\":0", 0, 0, 0 },
	{ "\"state\":1", 0, 1, 1 },
	{ "\"state\":2", 0, 2, 2 },
	{ "\"state\":2.0", 0, 2, 2 },
	{ "\"state\":\"0\"", 0, 0, 0 },
	{ "\"state\":\"2\"", 0, 2, 2 },
	{ "\"state\":\" 2 \"", 0, 2, 2 },
	{ "\"state\":\"ok\"", 0, 0, 0 },
	{ "\"state\":\"Critical\"", 0, 2, 1 },
	{ "\"return_code\":\"1\"", 0, 1, 1 },
	/* nag2mqtt sends both. */
	{ "\"state\":2,\"state_s\":\"2\"", 0, 2, 2 },
	{ "\"state\":0,\"status\":\"OK\",\"code\":\"0\"", 0, 0, 0 },
	{ "\"state\":null,\"code\":2", 0, 2, 2 },
	{ "\"state\":\"\",\"code\":2", 0, 2, 2 },

	{ "", REJECT_NO_STATE, 0, 0 },
	{ "\"state\":null", REJECT_NO_STATE, 0, 0 },
	{ "\"state\":\"\"", REJECT_NO_STATE, 0, 0 },
	{ "\"state\":\" \"", REJECT_NO_STATE, 0, 0 },
	{ "\"output\":\"OK\"", REJECT_NO_STATE, 0, 0 },

	{ "\"state\":4", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":7", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":-1", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":-0", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":2.5", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":0.1", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":1e400", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":4294967296", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":\"7\"", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":\"abc\"", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":true", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":false", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":[2]", REJECT_BAD_STATE, 0, 0 },
	{ "\"state\":{\"code\":2}", REJECT_BAD_STATE, 0, 0 },
	{ "\"code\":0,\"status\":2", REJECT_BAD_STATE, 0, 0 },
	{ "\"code\":0,\"status\":\"FAILED\"", REJECT_BAD_STATE, 0, 0 },
};

static void a_state_is_never_guessed(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(states); i++) {
		struct str payload = { 0 };
		struct decoded service, host;

		str_printf(&payload, "{%s}", states[i].members);
		print_message("%s\n", str_text(&payload));
		service = decode_one(str_text(&payload), "h", "s");
		host = decode_one(str_text(&payload), "h", "");
		assert_int_equal(service.reject, states[i].reject);
		assert_int_equal(host.reject, states[i].reject);
		if (states[i].reject == REJECT_NONE) {
			assert_int_equal(service.state, states[i].service);
			assert_int_equal(host.state, states[i].host);
		}
		str_finish(&payload);
	}
}

static void what_is_no_state_of_a_host_is_refused(void **unused)
{
	(void)unused;
	assert_int_equal(decode_one("{\"state\":3}", "h", "").reject, REJECT_BAD_STATE);
	assert_int_equal(decode_one("{\"state\":\"WARNING\"}", "h", "").reject, REJECT_BAD_STATE);
	assert_int_equal(decode_one("{\"state\":\"DOWN\"}", "h", "s").reject, REJECT_BAD_STATE);
	assert_int_equal(decode_one("{\"state\":\"DOWN\"}", "h", "").state, 1);
	assert_int_equal(decode_one("{\"state\":\"UNREACHABLE\"}", "h", "").state, 2);
	assert_int_equal(decode_one("{\"state\":1,\"state_s\":\"DOWN\"}", "h", "").state, 1);
}

static void a_bad_state_is_told(void **unused)
{
	(void)unused;
	assert_string_equal(decode_one("{\"state\":\"abc\"}", "h", "s").detail, "abc");
	assert_string_equal(decode_one("{\"state\":7.50}", "h", "s").detail, "7.50");
	assert_string_equal(decode_one("{\"Status\":[]}", "h", "s").detail, "Status");
}

static void the_first_name_in_the_table_counts(void **unused)
{
	struct decoded d = decode_one("{\"summary\":\"d\",\"message\":\"c\",\"reason\":\"b\","
				      "\"output\":\"a\",\"start_time\":2,\"time\":1,\"state\":0}",
			"h", "s");

	(void)unused;
	assert_string_equal(d.output, "a");
	assert_true(d.time == 1000000000);
	d = decode_one("{\"message\":\"c\",\"output\":null,\"state\":0}", "h", "s");
	assert_string_equal(d.output, "c");
	d = decode_one("{\"check\":\"check_disk\",\"service\":\"s\",\"state\":0}", "h", "s");
	assert_int_equal(d.reject, REJECT_NONE);
}

/* Members beside "state":0, and what the perfdata becomes; NULL: bad-value. */
static const struct {
	const char *value;
	const char *perfdata;
} perfdata[] = {
	{ "\"used=98%;80;90\"", "used=98%;80;90" },
	{ "\" | a=1 \\n b=2 \"", "a=1   b=2" },
	{ "[\"a=1\",\"b=2;3\"]", "a=1 b=2;3" },
	{ "[]", "" },
	{ "{}", "" },
	{ "\"\"", "" },
	{ "{\"a\":1,\"b\":2.50}", "a=1 b=2.50" },
	{ "{\"a\":-0.1}", "a=-0.1" },
	{ "{\"a\":9007199254740993}", "a=9007199254740993" },
	{ "{\"a\":1.5e3,\"b\":25E-1,\"c\":1e20,\"d\":1e-3,\"e\":0e5}",
			"a=1500 b=2.5 c=100000000000000000000 d=0.001 e=0" },
	{ "{\"a\":\"98%;80;90\"}", "a=98%;80;90" },
	{ "{\"a\":null}", "a=U" },
	{ "{\"a b\":1,\"it's\":2,\"c=d\":3}", "'a b'=1 'it''s'=2 'c=d'=3" },
	{ "{\"a\":{\"value\":98}}", "a=98" },
	{ "{\"a\":{\"val\":98,\"uom\":\"%\",\"warn\":80,\"crit\":90,\"min\":0,\"max\":100}}",
			"a=98%;80;90;0;100" },
	{ "{\"a\":{\"value\":98,\"unit\":\"%\",\"warn\":\"\",\"crit\":null,\"min\":0}}",
			"a=98%;;;0" },
	{ "{\"a\":{\"value\":\"98\",\"warn\":\"@10:20\",\"crit\":\"~:5\"}}", "a=98;@10:20;~:5" },
	{ "{\"a\":{\"Value\":1,\"other\":[1]},\"b\":2}", "a=1 b=2" },
	{ "{\"a\":{\"value\":1.25,\"warn\":1.5e0,\"crit\":2.50,\"min\":-0.10,\"max\":3e0}}",
			"a=1.25;1.5;2.50;-0.10;3" },

	{ "5", NULL },
	{ "true", NULL },
	{ "[1]", NULL },
	{ "[{\"label\":\"a\",\"value\":1}]", NULL },
	{ "{\"a\":true}", NULL },
	{ "{\"a\":[1]}", NULL },
	{ "{\"a\":1e999}", NULL },
	{ "{\"a\":\"1 b=2\"}", NULL },
	{ "{\"\":1}", NULL },
	{ "{\"a\":{}}", NULL },
	{ "{\"a\":{\"value\":null}}", NULL },
	{ "{\"a\":{\"value\":[]}}", NULL },
	{ "{\"a\":{\"value\":1,\"val\":2}}", NULL },
	{ "{\"a\":{\"value\":1,\"warn\":\"1;2\"}}", NULL },
	{ "{\"a\":{\"value\":1,\"unit\":5}}", NULL },
};

static void perfdata_has_four_forms(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(perfdata); i++) {
		struct str payload = { 0 };
		struct decoded d;

		str_printf(&payload, "{\"state\":0,\"output\":\"a|x=1\",\"perfdata\":%s}",
				perfdata[i].value);
		print_message("%s\n", str_text(&payload));
		d = decode_one(str_text(&payload), "h", "s");
		if (perfdata[i].perfdata == NULL) {
			assert_int_equal(d.reject, REJECT_BAD_VALUE);
		} else {
			assert_int_equal(d.reject, REJECT_NONE);
			assert_string_equal(d.perfdata, perfdata[i].perfdata);
			assert_string_equal(d.output, "a|x=1");
		}
		str_finish(&payload);
	}
}

/* Members beside "state":0. */
static const struct {
	const char *members;
	enum reject reject;
	int64_t time, ttl;
	const char *output, *long_output, *id, *source;
} fields[] = {
	{ "\"time\":1411220019.711785664", 0, 1411220019711785664, -1, "", "", "", "" },
	{ "\"time\":\"1411220019.711785664\"", 0, 1411220019711785664, -1, "", "", "", "" },
	{ "\"time\":1795384096123456789", 0, 1795384096123456789, -1, "", "", "", "" },
	{ "\"time\":1795384096123", 0, 1795384096123000000, -1, "", "", "", "" },
	{ "\"time\":\"2026-11-23T04:05:06.789+01:00\"", 0, 1795403106789000000, -1, "", "", "",
			"" },
	{ "\"time\":0", 0, 0, -1, "", "", "", "" },
	{ "\"time\":null", 0, 0, -1, "", "", "", "" },
	{ "\"time\":\"\"", 0, 0, -1, "", "", "", "" },
	{ "\"x\":5,\"y\":[6,{\"z\":7}],\"time\":8,\"w\":9", 0, 8000000000, -1, "", "", "", "" },
	{ "\"ttl\":300", 0, 0, 300, "", "", "", "" },
	{ "\"ttl\":0", 0, 0, 0, "", "", "", "" },
	{ "\"ttl\":\"300\"", 0, 0, 300, "", "", "", "" },
	{ "\"ttl\":300.0", 0, 0, 300, "", "", "", "" },
	{ "\"ttl\":null", 0, 0, -1, "", "", "", "" },
	{ "\"ttl\":\"\"", 0, 0, -1, "", "", "", "" },
	{ "\"ttl\":9223372036", 0, 0, 9223372036, "", "", "", "" },
	{ "\"id\":\"abc\",\"source\":\"probe\"", 0, 0, -1, "", "", "abc", "probe" },
	{ "\"id\":9007199254740993", 0, 0, -1, "", "", "9007199254740993", "" },
	{ "\"id\":null,\"source\":null", 0, 0, -1, "", "", "", "" },
	{ "\"output\":5.50", 0, 0, -1, "5.50", "", "", "" },
	{ "\"output\":[\"a\",\"b\",3]", 0, 0, -1, "a", "b\n3", "", "" },
	{ "\"output\":[]", 0, 0, -1, "", "", "", "" },
	{ "\"output\":\"a\",\"details\":[\"b\",\"c\"]", 0, 0, -1, "a", "b\nc", "", "" },
	{ "\"output\":\"\\u00e4\\ud83d\\ude00\\\"\\\\\\/\"", 0, 0, -1,
			"\xc3\xa4\xf0\x9f\x98\x80\"\\/", "", "", "" },

	{ "\"time\":-1", REJECT_BAD_TIME, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"time\":\"yesterday\"", REJECT_BAD_TIME, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"time\":true", REJECT_BAD_TIME, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"time\":[1]", REJECT_BAD_TIME, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"time\":1e99", REJECT_BAD_TIME, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"time\":\"1969-12-31T23:59:59Z\"", REJECT_BAD_TIME, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"ttl\":-1", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"ttl\":1.5", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"ttl\":9223372037", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"ttl\":\"5m\"", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"ttl\":{}", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"id\":{}", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"source\":false", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"output\":true", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"output\":{}", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"output\":[[]]", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"details\":5.0e1,\"output\":[null]", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"long_output\":{}", REJECT_BAD_VALUE, 0, 0, NULL, NULL, NULL, NULL },
	/* The scan looks at case, the keys of a result do not. */
	{ "\"State\":2", REJECT_DUPLICATE_KEY, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"id\":1,\"ID\":1", REJECT_DUPLICATE_KEY, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"state\":0", REJECT_DUPLICATE_KEY, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"a\":1,\"a\":1", REJECT_DUPLICATE_KEY, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"a\":\"\\u0000\"", REJECT_NUL, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"a\":\"\\ud800\"", REJECT_LONE_SURROGATE, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"a\":\"\xff\"", REJECT_NOT_UTF8, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"a\":007", REJECT_NOT_JSON, 0, 0, NULL, NULL, NULL, NULL },
	{ "\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
			REJECT_TOO_DEEP, 0, 0, NULL, NULL, NULL, NULL },
};

static void fields_are_read_or_refused(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(fields); i++) {
		struct str payload = { 0 };
		struct decoded d;

		str_printf(&payload, "{\"state\":0,%s}", fields[i].members);
		print_message("%s\n", str_text(&payload));
		d = decode_one(str_text(&payload), "h", "s");
		assert_int_equal(d.reject, fields[i].reject);
		if (fields[i].reject == REJECT_NONE) {
			assert_true(d.time == fields[i].time);
			assert_true(d.ttl == fields[i].ttl);
			assert_string_equal(d.output, fields[i].output);
			assert_string_equal(d.long_output, fields[i].long_output);
			assert_string_equal(d.id, fields[i].id);
			assert_string_equal(d.source, fields[i].source);
		}
		str_finish(&payload);
	}
}

static void more_keys_than_64_are_refused(void **unused)
{
	struct str payload = { 0 };

	(void)unused;
	str_append_text(&payload, "{\"state\":0");
	for (int i = 1; i < MAX_OBJECT_KEYS; i++)
		str_printf(&payload, ",\"k%d\":1", i);
	str_append_text(&payload, "}");
	assert_int_equal(decode_one(str_text(&payload), "h", "s").reject, REJECT_NONE);
	str_truncate(&payload, payload.len - 1);
	str_append_text(&payload, ",\"x\":1}");
	assert_int_equal(decode_one(str_text(&payload), "h", "s").reject, REJECT_TOO_MANY);
	str_finish(&payload);
}

static void a_refusal_of_the_text_says_where(void **unused)
{
	struct decoded d = decode_one("{\"state\":2,}", "h", "s");

	(void)unused;
	assert_int_equal(d.reject, REJECT_NOT_JSON);
	assert_string_equal(d.detail, "byte 11: a key in double quotes is missing");
	assert_string_equal(d.host, "h");
	assert_string_equal(d.service, "s");
}

/* Payloads that name hosts themselves, and "host/service=state" or the code of each result. */
static const struct {
	const char *payload;
	const char *results;
} envelopes[] = {
	{ "{\"host\":\"h\",\"service\":\"s\",\"state\":2}", "h/s=2 " },
	{ "[]", "" },
	{ "{\"checkresults\":[]}", "" },
	{ "{\"results\":[]}", "" },
	{ "[{\"host\":\"h\",\"state\":0},{\"host\":\"i\",\"service\":\"s\",\"state\":1}]",
			"h/=0 i/s=1 " },
	/* One that is refused does not touch the others. */
	{ "[{\"host\":\"h\",\"state\":0},{\"host\":\"i\"},5,[],null,{\"host\":\"j\",\"state\":1}]",
			"h/=0 no-state@1 not-an-object@2 not-an-object@3 not-an-object@4 j/=1 " },
	{ "[[{\"host\":\"h\",\"state\":0}]]", "not-an-object@0 " },
	{ "{\"checkresults\":[{\"checkresult\":{\"type\":\"host\",\"checktype\":\"1\"},"
	  "\"hostname\":\"h\",\"state\":\"0\",\"output\":\"ok | a=1\"},"
	  "{\"checkresult\":{\"type\":\"service\",\"checktype\":\"1\"},\"hostname\":\"h\","
	  "\"servicename\":\"s\",\"state\":\"2\",\"output\":\"bad\",\"time\":\"1795384096\"}]}",
			"h/=0 h/s=2 " },
	{ "{\"checkresults\":[{\"checkresult\":{\"type\":\"service\"},\"hostname\":\"h\","
	  "\"state\":\"0\"}]}",
			"bad-service@0 " },
	{ "{\"checkresults\":[{\"checkresult\":{\"type\":\"host\"},\"hostname\":\"h\","
	  "\"servicename\":\"s\",\"state\":\"0\"}]}",
			"service-mismatch@0 " },
	{ "{\"checkresults\":[{\"checkresult\":{\"type\":\"host\",\"hostname\":\"h\","
	  "\"state\":\"1\"}}]}",
			"h/=1 " },
	{ "{\"checkresults\":[{\"checkresult\":{\"state\":0},\"hostname\":\"h\",\"state\":2}]}",
			"duplicate-key@0 " },
	{ "{\"CheckResults\":[{\"host\":\"h\",\"state\":0}]}", "h/=0 " },
	{ "{\"version\":1,\"results\":[{\"host\":\"h\",\"state\":0},{\"host\":\"i\",\"state\":1}]}",
			"h/=0 i/=1 " },
	/* Somebody's own key of that name. */
	{ "{\"host\":\"h\",\"state\":0,\"results\":[1,2]}", "h/=0 " },
	{ "{\"host\":\"h\",\"state\":0,\"results\":5}", "h/=0 " },
	{ "{\"results\":5}", "no-host@0 " },
	{ "{\"checkresults\":5}", "no-host@0 " },
	{ "{}", "no-host@0 " },
	{ "5", "not-an-object@0 " },
	{ "\"abc\"", "not-an-object@0 " },
	{ "true", "not-an-object@0 " },
	{ "null", "not-an-object@0 " },
};

static void envelopes_hold_any_number_of_results(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(envelopes); i++) {
		struct decode_input input = { .payload = span_of_text(envelopes[i].payload),
			.host_from_payload = true,
			.service_from_payload = true,
			.formats = DECODE_JSON };
		struct decoded_list list = decode_all(&input);
		struct str told = { 0 };

		print_message("%s\n", envelopes[i].payload);
		for (size_t n = 0; n < list.count; n++) {
			const struct decoded *d = &list.items[n];

			if (d->reject != REJECT_NONE)
				str_printf(&told, "%s@%zu ", reject_info(d->reject)->code,
						d->index);
			else
				str_printf(&told, "%s/%s=%d ", d->host, d->service, d->state);
		}
		assert_string_equal(str_text(&told), envelopes[i].results);
		str_finish(&told);
	}
}

static void a_thousand_results_keep_their_own_numbers(void **unused)
{
	struct str payload = { 0 };
	struct decode_input input = {
		.host = SPAN("h"), .service_from_payload = true, .formats = DECODE_JSON
	};
	struct decoded_list list;

	(void)unused;
	for (int i = 0; i < 1000; i++)
		str_printf(&payload, "%c{\"service\":\"s%d\",\"rc\":%d,\"time\":%d.%09d}",
				i == 0 ? '[' : ',', i, i % 4, 1000000000 + i, i);
	str_append_text(&payload, "]");
	input.payload = str_span(&payload);
	list = decode_all(&input);
	assert_int_equal(list.count, 1000);
	/* The last is kept. */
	assert_string_equal(list.items[MAX_DECODED - 1].service, "s999");
	assert_int_equal(list.items[MAX_DECODED - 1].state, 3);
	assert_true(list.items[MAX_DECODED - 1].time == 1000000999000000999);
	assert_true(list.items[5].time == 1000000005000000005);
	str_finish(&payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_and_a_reason_are_a_result),
		cmocka_unit_test(unknown_keys_are_ignored),
		cmocka_unit_test(every_alias_is_understood),
		cmocka_unit_test(a_state_is_never_guessed),
		cmocka_unit_test(what_is_no_state_of_a_host_is_refused),
		cmocka_unit_test(a_bad_state_is_told),
		cmocka_unit_test(the_first_name_in_the_table_counts),
		cmocka_unit_test(perfdata_has_four_forms),
		cmocka_unit_test(fields_are_read_or_refused),
		cmocka_unit_test(more_keys_than_64_are_refused),
		cmocka_unit_test(a_refusal_of_the_text_says_where),
		cmocka_unit_test(envelopes_hold_any_number_of_results),
		cmocka_unit_test(a_thousand_results_keep_their_own_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
