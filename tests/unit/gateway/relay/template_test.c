/* SPDX-License-Identifier: MIT */
#include "gateway/relay/template.h"

#include "tests/unit/gateway/relay/records.h"
#include "tests/unit/unit.h"

static void assert_expands_to(const char *text, const struct record *record, const char *wanted)
{
	struct record_template t;
	struct str problem = { 0 }, got = { 0 };

	assert_true(record_template_parse(span_of_text(text), &t, &problem));
	record_template_expand(&t, &origin, record, &got);
	assert_string_equal(str_text(&got), wanted);
	record_template_finish(&t);
	str_finish(&problem);
	str_finish(&got);
}

static void fields_of_a_result(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "$$${host}$$", "$web1$" },
		{ "${topic}", "nagios/web1/disk%20%2Fvar" },
		{ "${topic[0]}-${topic[2]}", "nagios-disk /var" },
		{ "${topic[1..]}|${topic[0..1]}|${topic[7]}", "web1/disk /var|nagios/web1|" },
		{ "${host}/${service}", "web1/disk /var" },
		{ "${state} ${state_text}", "2 CRITICAL" },
		{ "${output}", "disk \"/var\" full" },
		{ "${long_output}", "98% used\n2 inodes left" },
		{ "${perfdata}", "used=98%;80;90;0;100 '/a.b'=.5;10:20 x=U" },
		{ "<${payload}>", "<>" },
		{ "${client} ${user} ${address}", "agent-7 web-1 10.0.0.7:49152" },
		{ "${id}", "9f3c0a1b2c3d4e5f-00000000000004d2" },
		{ "${gateway}", "gw-1" },
		{ "${time} ${received}", "2026-11-23T04:05:06.289Z 2026-11-23T04:05:06.789Z" },
	};
	const struct record record = service_record();

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++)
		assert_expands_to(rows[i][0], &record, rows[i][1]);
}

static void fields_of_a_message(void **state)
{
	const struct record record = message_record(BYTES("\xff\n"));
	struct record host = host_record();

	(void)state;
	assert_expands_to("${payload}", &record, "\xff\n");
	assert_expands_to("<${host}${service}${state}${state_text}${output}${client}>", &record,
			"<>");
	assert_expands_to("${state} ${state_text} ${service}.", &host, "1 DOWN .");
	host.publisher.client = BYTES("said by nobody");
	assert_expands_to("<${client}>", &host, "<>");
}

static void a_message_has_the_host_of_its_topic(void **state)
{
	struct record record = message_record(BYTES(""));
	struct template host;
	struct origin with_host = origin;
	struct record_template t;
	struct str got = { 0 }, problem = { 0 };

	(void)state;
	assert_true(template_parse(BYTES("${topic[1]}"), "host", &host, &problem));
	with_host.host = &host;
	assert_true(record_template_parse(BYTES("${host|dots}"), &t, &problem));
	record.topic = BYTES("logs/web%2E1/app");
	record_template_expand(&t, &with_host, &record, &got);
	assert_string_equal(str_text(&got), "web_1");
	/* Not rightly encoded: not a host, rather than part of one. */
	record.topic = BYTES("logs/web%2/app");
	str_clear(&got);
	record_template_expand(&t, &with_host, &record, &got);
	assert_string_equal(str_text(&got), "");
	assert_expands_to("${topic[1]}", &record, "web%2");
	record_template_finish(&t);
	template_finish(&host);
	str_finish(&got);
}

static void times_have_formats(void **state)
{
	static const char *const rows[][2] = {
		{ "${time:%Y.%m.%d}", "2026.11.23" },
		{ "${received:%F %T.%L}", "2026-11-23 04:05:06.789" },
		{ "${time:%H%M%S}", "040506" },
		{ "${time:%y%j}", "26327" },
		{ "${time:%G-W%V}", "2026-W48" },
		{ "${time:%s%N}", "1795406706289000000" },
		{ "${time:%s.%L 100%%}", "1795406706.289 100%" },
		{ "${time:}", "" },
	};
	struct record record = service_record();

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++)
		assert_expands_to(rows[i][0], &record, rows[i][1]);
	record.result.time.ns = -1500000000;
	assert_expands_to("${time} ${time:%s}", &record, "1969-12-31T23:59:58.500Z -2");
}

static void filters_work_from_left_to_right(void **state)
{
	static const char *const rows[][2] = {
		{ "\"${output|json}\"", "\"disk \\\"/var\\\" full\"" },
		{ "${long_output|json}", "98% used\\n2 inodes left" },
		{ "${service|url}", "disk%20%2Fvar" },
		{ "${state_text|lower}", "critical" },
		{ "${service|dots}.${time:%F.|dots}", "disk__var.2026-11-23_" },
		{ "${output|url|lower}", "disk%20%22%2fvar%22%20full" },
		{ "${output|lower|dots|url|json}", "disk___var__full" },
		{ "${topic[2]|dots|lower}", "disk__var" },
	};
	struct record record = service_record();

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++)
		assert_expands_to(rows[i][0], &record, rows[i][1]);
	record = message_record(BYTES("a\xff\"\x01"));
	assert_expands_to("${payload|json}", &record, "a\xef\xbf\xbd\\\"\\u0001");
	assert_expands_to("${payload|dots}", &record, "a___");
	assert_expands_to("${payload|url}", &record, "a%FF%22%01");
}

static void what_is_wrong_is_said_with_the_place_and_the_remedy(void **state)
{
	static const char *const rows[][2] = {
		{ "a ${hots}", "column 3: there is no ${hots}; did you mean ${host}?" },
		{ "${xyzzy}", "column 1: there is no ${xyzzy}; take ${topic} ${host} ${service} "
			      "${state} ${state_text} ${output} ${long_output} ${perfdata} "
			      "${payload} ${client} ${user} ${address} ${id} ${gateway} ${time} "
			      "${received}" },
		{ "${host}${output|jsn}", "column 8: there is no |jsn; did you mean |json?" },
		{ "${host|}", "column 1: there is no |; take |json |url |lower |dots" },
		{ "${host", "column 1: opens ${ and does not close it; write }" },
		{ "5$", "column 2: a dollar begins a field, ${host}; write $$ for a dollar" },
		{ "$host", "column 1: a dollar begins a field, ${host}; write $$ for a dollar" },
		{ "${topic[x]}", "column 1: levels of a topic are counted from 0: ${topic[N]}, "
				 "${topic[N..M]} or ${topic[N..]}" },
		{ "${host[1]}", "column 1: only ${topic} has levels" },
		{ "${host:%Y}", "column 1: only ${time} and ${received} take a format, as in "
				"${time:%Y.%m.%d}" },
		{ "${time:%Q}", "column 1: a time has no %Q; take %Y %y %m %d %H %M %S %F %T %j %G "
				"%V %s %L %N %%" },
		{ "${time:%}", "column 1: a time has no %; take %Y %y %m %d %H %M %S %F %T %j %G "
			       "%V %s %L %N %%" },
		{ "${host|url|url|url|url|url|url|url|url|url}",
				"column 1: more than 8 filters; leave some out" },
		{ "${\x1b}", "column 1: there is no ${\\x1b}; take ${topic} ${host} ${service} "
			     "${state} ${state_text} ${output} ${long_output} ${perfdata} "
			     "${payload} ${client} ${user} ${address} ${id} ${gateway} ${time} "
			     "${received}" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct record_template t;
		struct str problem = { 0 };

		assert_false(record_template_parse(span_of_text(rows[i][0]), &t, &problem));
		assert_string_equal(str_text(&problem), rows[i][1]);
		assert_int_equal(t.count, 0);
		str_finish(&problem);
	}
}

static void it_is_known_to_be_constant(void **state)
{
	static const struct {
		const char *text;
		bool is_constant;
	} rows[] = {
		{ "", true },
		{ "logs $$", true },
		{ "logs-${gateway|lower}", true },
		{ "${topic}", false },
		{ "a${time:x}", false },
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct record_template t;
		struct str problem = { 0 };

		assert_true(record_template_parse(span_of_text(rows[i].text), &t, &problem));
		assert_int_equal(record_template_is_constant(&t), rows[i].is_constant);
		record_template_finish(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_a_result),
		cmocka_unit_test(fields_of_a_message),
		cmocka_unit_test(a_message_has_the_host_of_its_topic),
		cmocka_unit_test(times_have_formats),
		cmocka_unit_test(filters_work_from_left_to_right),
		cmocka_unit_test(what_is_wrong_is_said_with_the_place_and_the_remedy),
		cmocka_unit_test(it_is_known_to_be_constant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
