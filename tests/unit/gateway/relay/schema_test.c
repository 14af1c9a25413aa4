/* SPDX-License-Identifier: MIT */
#include "gateway/relay/schema.h"

#include "common/mem.h"

#include "tests/unit/gateway/relay/records.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#define GOLDEN "tests/unit/gateway/relay/golden/"

static struct str written_by(const struct schema_options *options, const struct record *record)
{
	struct schema *s = schema_create(options);
	struct str text = { 0 };

	schema_write(s, &text, record);
	schema_destroy(s);
	return text;
}

static struct str written(enum schema_kind kind, const struct record *record)
{
	struct schema_options options = { .kind = kind, .origin = origin };

	return written_by(&options, record);
}

/* A golden file is one object and a line end; @VERSION@ is the version. */
static void assert_golden(struct str text, const char *name)
{
	char path[128], *version;
	struct str wanted = { 0 };
	char buffer[8192];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), GOLDEN "%s", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(buffer, 1, sizeof(buffer) - 1, file);
	fclose(file);
	assert_true(len > 0 && buffer[len - 1] == '\n');
	buffer[len - 1] = '\0';
	version = strstr(buffer, "@VERSION@");
	if (version != NULL) {
		str_append(&wanted, span_of(buffer, (size_t)(version - buffer)));
		str_append_text(&wanted, BELFRY_VERSION);
		str_append_text(&wanted, version + strlen("@VERSION@"));
	} else {
		str_append_text(&wanted, buffer);
	}
	assert_string_equal(str_text(&text), str_text(&wanted));
	str_finish(&wanted);
	str_finish(&text);
}

static void results_as_logstash_wants_them(void **state)
{
	struct record service = service_record(), host = host_record();

	(void)state;
	assert_golden(written(SCHEMA_LOGSTASH, &service), "logstash_service.json");
	assert_golden(written(SCHEMA_LOGSTASH, &host), "logstash_host.json");
}

static void results_in_the_common_schema(void **state)
{
	struct record service = service_record(), host = host_record();

	(void)state;
	assert_golden(written(SCHEMA_ECS, &service), "ecs_service.json");
	assert_golden(written(SCHEMA_ECS, &host), "ecs_host.json");
}

static struct record message_with_everything(struct str *properties)
{
	struct record r = message_record(BYTES(
			"\n{ \"@timestamp\" : 7,\t\"host\":{\"name\":\"forged \\u0041\"} }\r\n"));

	record_add_property(properties, BYTES("region"), BYTES("north"));
	record_add_property(properties, BYTES("host"), BYTES("forged"));
	record_add_property(properties, BYTES("region"), BYTES("so\"uth"));
	record_add_property(properties, BYTES("\xff"), BYTES("\n"));
	record_add_property(properties, BYTES("\xfe"), BYTES("\0"));
	r.user_properties = str_span(properties);
	r.qos = 2;
	r.retain = true;
	r.is_utf8 = true;
	r.expires = true;
	r.expiry = 0;
	r.content_type = BYTES("application/json");
	r.response_topic = BYTES("answers/here");
	r.correlation = BYTES("\x00\x01\xff");
	r.publisher = (struct publisher){
		.known = true, .client = BYTES("pump"), .address = BYTES("[2001:db8::7]:1")
	};
	return r;
}

static void messages_with_everything(void **state)
{
	struct str properties = { 0 };
	struct record r = message_with_everything(&properties);
	struct template host;
	char first[] = "mqtt", second[] = "a \"b\"", *tags[] = { first, second };
	struct text_list list = { .texts = tags, .count = 2 };
	struct schema_options options = { .origin = origin, .tags = &list, .type = "log" };

	(void)state;
	assert_true(template_parse(BYTES("${topic[1]}"), "host", &host, NULL));
	options.origin.host = &host;
	assert_golden(written_by(&options, &r), "logstash_message.json");
	options.kind = SCHEMA_ECS;
	assert_golden(written_by(&options, &r), "ecs_message.json");
	template_finish(&host);
	str_finish(&properties);
}

static void bytes_that_are_no_text_are_base64(void **state)
{
	struct record r = message_record(BYTES("\x00\xff\n"));

	(void)state;
	assert_golden(written(SCHEMA_LOGSTASH, &r), "logstash_binary.json");
	assert_golden(written(SCHEMA_ECS, &r), "ecs_binary.json");
}

static bool logstash_has(
		const struct schema_options *options, struct span payload, const char *part)
{
	struct record r = message_record(payload);
	struct str text = written_by(options, &r);
	bool found = strstr(str_text(&text), part) != NULL;

	str_finish(&text);
	return found;
}

static void only_a_valid_object_is_taken_for_json(void **state)
{
	static const char *const texts[] = { "", "7", "[1]", "\"a\"", "null", "{",
		"{\"a\":1,\"a\":2}", "{\"a\":01}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\n\"}", "{} {}",
		"{\"a\":\"\\ud800\"}" };
	const struct schema_options options = { .origin = origin };
	struct str deep = { 0 };

	(void)state;
	assert_true(logstash_has(&options, BYTES(" {} "), ",\"message\":\" {} \",\"payload\":{},"));
	assert_true(logstash_has(&options, BYTES("{\"a\\\"b \\\\\" : \"c d\"}"),
			",\"payload\":{\"a\\\"b \\\\\":\"c d\"},"));
	for (size_t i = 0; i < array_size(texts); i++) {
		assert_false(logstash_has(&options, span_of_text(texts[i]), "\"payload\""));
		assert_true(logstash_has(&options, span_of_text(texts[i]), "\"message\""));
	}
	for (int i = 0; i < 33; i++)
		str_append_text(&deep, "{\"a\":");
	assert_false(logstash_has(&options, str_span(&deep), "\"payload\""));
	str_finish(&deep);
}

static void the_payload_can_be_left_out(void **state)
{
	struct schema_options options = { .origin = origin, .payload = SCHEMA_PAYLOAD_TEXT };

	(void)state;
	assert_true(logstash_has(&options, BYTES("{}"), ",\"message\":\"{}\""));
	assert_false(logstash_has(&options, BYTES("{}"), "\"payload\""));
	options.payload = SCHEMA_PAYLOAD_NONE;
	assert_false(logstash_has(&options, BYTES("{}"), "{}"));
	assert_false(logstash_has(&options, BYTES("\xff"), "base64"));
}

static bool has(enum schema_kind kind, const struct record *r, const char *part)
{
	struct str text = written(kind, r);
	bool found = strstr(str_text(&text), part) != NULL;

	str_finish(&text);
	return found;
}

static void severity_is_one_scale_for_hosts_and_services(void **state)
{
	static const struct {
		struct span service;
		enum check_state state;
		const char *part;
	} rows[] = {
		{ SPAN("s"), CHECK_OK, "\"outcome\":\"success\",\"severity\":0}" },
		{ SPAN("s"), CHECK_WARNING, "\"outcome\":\"failure\",\"severity\":1}" },
		{ SPAN("s"), CHECK_CRITICAL, "\"outcome\":\"failure\",\"severity\":2}" },
		{ SPAN("s"), CHECK_UNKNOWN, "\"outcome\":\"unknown\",\"severity\":3}" },
		{ SPAN(""), CHECK_OK, "\"outcome\":\"success\",\"severity\":0}" },
		{ SPAN(""), CHECK_WARNING, "\"outcome\":\"failure\",\"severity\":2}" },
		{ SPAN(""), CHECK_CRITICAL, "\"outcome\":\"failure\",\"severity\":2}" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct record r = service_record();

		r.result.service = rows[i].service;
		r.result.state = rows[i].state;
		assert_true(has(SCHEMA_ECS, &r, rows[i].part));
	}
}

static void a_result_without_a_time_has_that_of_its_arrival(void **state)
{
	struct record r = service_record();

	(void)state;
	r.result.time.ns = 0;
	assert_true(has(SCHEMA_LOGSTASH, &r, "{\"@timestamp\":\"2026-11-23T04:05:06.789Z\""));
}

static void an_address_is_an_ip_or_a_text(void **state)
{
	static const struct {
		const char *address, *part;
	} rows[] = {
		{ "10.0.0.7:49152", ",\"client_ip\":\"10.0.0.7\",\"client_port\":49152}" },
		{ "10.0.0.7:0049", ",\"client_ip\":\"10.0.0.7\",\"client_port\":49}" },
		{ "10.0.0.7", ",\"client_ip\":\"10.0.0.7\"}" },
		{ "[::1]:1883", ",\"client_ip\":\"::1\",\"client_port\":1883}" },
		{ "[::1]", ",\"client_ip\":\"::1\"}" },
		{ "2001:db8::7", ",\"client_ip\":\"2001:db8::7\"}" },
		{ "unix", ",\"client_address\":\"unix\"}" },
		{ "10.0.0.7:", ",\"client_address\":\"10.0.0.7:\"}" },
		{ "10.0.0.7:65536", ",\"client_address\":\"10.0.0.7:65536\"}" },
		{ "[::1]x1", ",\"client_address\":\"[::1]x1\"}" },
		{ "10.0.0.256:1", ",\"client_address\":\"10.0.0.256:1\"}" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct record r = service_record();

		r.publisher.address = span_of_text(rows[i].address);
		assert_true(has(SCHEMA_LOGSTASH, &r, rows[i].part));
	}
}

static void a_publisher_that_nobody_vouches_for_is_not_named(void **state)
{
	struct record r = service_record();

	(void)state;
	r.publisher.known = false;
	assert_false(has(SCHEMA_LOGSTASH, &r, "agent-7"));
	assert_false(has(SCHEMA_ECS, &r, "agent-7"));
	assert_false(has(SCHEMA_ECS, &r, "10.0.0.7"));
}

static void labels_of_metrics_are_fields_once(void **state)
{
	struct record r = service_record();

	(void)state;
	r.result.perfdata = BYTES("a.b=1 a_b=2 'it''s'=3 ' '=4 a=5;@1:2;~:3;x;9 c[0]=6");
	assert_true(has(SCHEMA_ECS, &r,
			",\"perf\":{\"a_b\":{\"value\":1},\"it's\":{\"value\":3},\"a\":{\"value\":"
			"5,"
			"\"warn_range\":\"@1:2\",\"crit_range\":\"~:3\",\"max\":9},\"c_0_\":{"
			"\"value\":6}}"));
	r.result.perfdata = BYTES("nothing here");
	assert_false(has(SCHEMA_ECS, &r, "\"perf\""));
}

/* What one message can bring is bounded, and what is left out is said. */
static void so_many_metrics_and_properties_and_no_more(void **state)
{
	struct record r = service_record();
	struct str perfdata = { 0 }, properties = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "m%d", i);
		str_printf(&perfdata, "%s=%d ", name, i);
		record_add_property(&properties, span_of_text(name), BYTES("v"));
	}
	r.result.perfdata = str_span(&perfdata);
	r.user_properties = str_span(&properties);
	assert_true(has(SCHEMA_ECS, &r, "\"m255\":{\"value\":255}}"));
	assert_true(has(SCHEMA_LOGSTASH, &r, "\"m255\":\"v\"},\"user_properties_left_out\":44,"));
	str_finish(&perfdata);
	str_finish(&properties);
}

/* A label that comes again and again is compared with all before it: not without end. */
static void values_are_not_looked_at_without_end(void **state)
{
	struct record r = service_record();
	struct str perfdata = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		str_append_text(&perfdata, "again=1 ");
	str_append_text(&perfdata, "early=2 ");
	for (int i = 0; i < 1000; i++)
		str_append_text(&perfdata, "again=1 ");
	str_append_text(&perfdata, "late=3");
	r.result.perfdata = str_span(&perfdata);
	assert_true(has(SCHEMA_LOGSTASH, &r, "late=3\""));
	assert_true(has(SCHEMA_ECS, &r,
			"\"perf\":{\"again\":{\"value\":1},\"early\":{\"value\":2}}"));
	str_finish(&perfdata);
}

static void text_is_what_came(void **state)
{
	struct record message = message_record(BYTES("\xff\n")), result = service_record();
	struct record_template line;
	struct schema_options options = { .kind = SCHEMA_TEMPLATE, .origin = origin };
	struct str text = written(SCHEMA_RAW, &message), problem = { 0 };

	(void)state;
	assert_string_equal(str_text(&text), "\xff\n");
	str_finish(&text);
	text = written(SCHEMA_RAW, &result);
	assert_string_equal(str_text(&text), "disk \"/var\" full");
	str_finish(&text);
	assert_true(record_template_parse(BYTES("${host} ${state}"), &line, &problem));
	options.template = &line;
	text = written_by(&options, &result);
	assert_string_equal(str_text(&text), "web1 2");
	str_finish(&text);
	record_template_finish(&line);
}

static void it_appends_and_keeps_nothing_of_the_record_before(void **state)
{
	struct schema_options options = { .origin = origin };
	struct schema *s = schema_create(&options);
	struct record full = service_record(), plain = message_record(BYTES("x"));
	struct str both = { 0 }, again = { 0 };
	size_t first;

	(void)state;
	schema_write(s, &both, &plain);
	first = both.len;
	schema_write(s, &both, &full);
	schema_write(s, &both, &plain);
	schema_write(s, &again, &full);
	assert_int_equal(both.len, 2 * first + again.len);
	assert_memory_equal(both.text, both.text + first + again.len, first);
	assert_memory_equal(both.text + first, again.text, again.len);
	assert_int_equal(both.text[both.len], '\0');
	schema_destroy(s);
	schema_destroy(NULL);
	str_finish(&both);
	str_finish(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_as_logstash_wants_them),
		cmocka_unit_test(results_in_the_common_schema),
		cmocka_unit_test(messages_with_everything),
		cmocka_unit_test(bytes_that_are_no_text_are_base64),
		cmocka_unit_test(only_a_valid_object_is_taken_for_json),
		cmocka_unit_test(the_payload_can_be_left_out),
		cmocka_unit_test(severity_is_one_scale_for_hosts_and_services),
		cmocka_unit_test(a_result_without_a_time_has_that_of_its_arrival),
		cmocka_unit_test(an_address_is_an_ip_or_a_text),
		cmocka_unit_test(a_publisher_that_nobody_vouches_for_is_not_named),
		cmocka_unit_test(labels_of_metrics_are_fields_once),
		cmocka_unit_test(so_many_metrics_and_properties_and_no_more),
		cmocka_unit_test(values_are_not_looked_at_without_end),
		cmocka_unit_test(text_is_what_came),
		cmocka_unit_test(it_appends_and_keeps_nothing_of_the_record_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
