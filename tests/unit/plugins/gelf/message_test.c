/* SPDX-License-Identifier: MIT */
#include "plugins/gelf/message.h"

#include "tests/unit/plugins/host.h"

static const struct gelf_form form = { "gw.example", "gateway-1", SEVERITY_NOTICE };

static void check_message(const struct relay_record *record, const char *wanted)
{
	struct str got = { 0 };

	gelf_append_message(&got, &form, record);
	assert_string_equal(str_text(&got), wanted);
	str_finish(&got);
}

static void a_check_result(void **state)
{
	struct relay_record r = {
		.id = relay_text_of("gw-1"),
		.text = relay_text_of("DISK CRITICAL - 98% used"),
		.kind = RELAY_CHECK,
		.time_ns = 1795406706789000000,
		.topic = relay_text_of("nagios/web1/disk"),
		.host = relay_text_of("web1"),
		.service = relay_text_of("disk"),
		.long_output = relay_text_of("/var 98%\n/tmp 3%"),
		.perfdata = relay_text_of("used=98%;90;95"),
		.state = RELAY_STATE_CRITICAL,
	};

	(void)state;
	check_message(&r, "{\"version\":\"1.1\",\"host\":\"web1\","
			  "\"short_message\":\"DISK CRITICAL - 98% used\","
			  "\"full_message\":\"DISK CRITICAL - 98% used\\n/var 98%\\n/tmp 3%\","
			  "\"timestamp\":1795406706.789,\"level\":2,\"_event_id\":\"gw-1\","
			  "\"_gateway\":\"gateway-1\",\"_topic\":\"nagios/web1/disk\","
			  "\"_service\":\"disk\",\"_state\":\"CRITICAL\","
			  "\"_perfdata\":\"used=98%;90;95\"}");
}

static void a_message(void **state)
{
	struct relay_record r = {
		.id = relay_text_of("gw-2"),
		.text = relay_text_of("one line"),
		.kind = RELAY_MESSAGE,
		.time_ns = 7000000,
		.topic = relay_text_of("dns/all"),
	};

	(void)state;
	check_message(&r, "{\"version\":\"1.1\",\"host\":\"gw.example\","
			  "\"short_message\":\"one line\",\"timestamp\":0.007,\"level\":5,"
			  "\"_event_id\":\"gw-2\",\"_gateway\":\"gateway-1\","
			  "\"_topic\":\"dns/all\"}");
	r.text = relay_text_of("\r\n first\r\nsecond\xff\x01\n");
	check_message(&r, "{\"version\":\"1.1\",\"host\":\"gw.example\","
			  "\"short_message\":\"first\","
			  "\"full_message\":\"first\\r\\nsecond\xef\xbf\xbd\\u0001\","
			  "\"timestamp\":0.007,\"level\":5,"
			  "\"_event_id\":\"gw-2\",\"_gateway\":\"gateway-1\","
			  "\"_topic\":\"dns/all\"}");
}

/* Graylog drops a message whose host or short_message is empty. */
static void nothing_at_all(void **state)
{
	static const struct gelf_form nobody = { "", "", SEVERITY_DEBUG };
	struct relay_record r = { .kind = RELAY_MESSAGE, .time_ns = -5 };
	struct str got = { 0 };

	(void)state;
	gelf_append_message(&got, &nobody, &r);
	assert_string_equal(str_text(&got),
			"{\"version\":\"1.1\",\"host\":\"-\",\"short_message\":\"-\","
			"\"timestamp\":0.000,\"level\":7}");
	str_finish(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_result),
		cmocka_unit_test(a_message),
		cmocka_unit_test(nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
