/* SPDX-License-Identifier: MIT */
#include "gateway/result/encode_icinga2.h"

#include "tests/unit/unit.h"

static const struct wall_time now = { 1795384096250000999 };

static struct check_result result_of(const char *host, const char *service, enum check_state state)
{
	return (struct check_result){ .host = span_of_text(host),
		.service = span_of_text(service),
		.state = state,
		.output = BYTES("out"),
		.ttl = -1 };
}

static void expect(const struct check_result *r, size_t max, const char *source, bool cut,
		const char *text)
{
	struct str into = { 0 };

	assert_int_equal(encode_icinga2(&into, r, now, max, source), cut);
	assert_string_equal(str_text(&into), text);
	str_finish(&into);
}

#define TIMES ",\"execution_start\":1795384096.250000,\"execution_end\":1795384096.250000"

static void a_service_is_named_with_its_host(void **state)
{
	struct check_result r = result_of("web 1", "Disk /var", CHECK_UNKNOWN);

	(void)state;
	expect(&r, 100, NULL, false,
			"web 1\nDisk /var\n{\"type\":\"Service\",\"service\":\"web 1!Disk /var\","
			"\"exit_status\":3,\"plugin_output\":\"out\"" TIMES "}");
}

static void a_host_is_up_or_down(void **state)
{
	static const char exit_status[] = { '0', '1', '1' };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct check_result r = result_of("h", "", (enum check_state)i);
		struct str text = { 0 };

		str_printf(&text,
				"h\n\n{\"type\":\"Host\",\"host\":\"h\",\"exit_status\":%c,"
				"\"plugin_output\":\"out\"" TIMES "}",
				exit_status[i]);
		expect(&r, 100, NULL, false, str_text(&text));
		str_finish(&text);
	}
}

static void all_of_a_result_is_told(void **state)
{
	struct check_result r = result_of("h", "s", CHECK_OK);

	(void)state;
	r.output = BYTES("a|\"b\\");
	r.long_output = BYTES("c\nd");
	r.perfdata = BYTES(" 'x y'=1;2  z=3 ");
	r.time = (struct wall_time){ 1795384000000001000 };
	r.ttl = 60;
	r.source = BYTES("probe");
	expect(&r, 100, "other", false,
			"h\ns\n{\"type\":\"Service\",\"service\":\"h!s\",\"exit_status\":0,"
			"\"plugin_output\":\"a|\\\"b\\\\\\nc\\nd\","
			"\"performance_data\":[\"'x y'=1;2\",\"z=3\"],"
			"\"execution_start\":1795384000.000001,\"execution_end\":1795384000.000001,"
			"\"ttl\":60,\"check_source\":\"probe\"}");
}

static void what_is_missing_is_left_out_or_filled_in(void **state)
{
	struct check_result r = result_of("h", "s", CHECK_OK);

	(void)state;
	r.output = BYTES("");
	r.ttl = 0; /* never stale: nothing to overrule */
	r.time = (struct wall_time){ INT64_MAX };
	expect(&r, 100, "gateway", false,
			"h\ns\n{\"type\":\"Service\",\"service\":\"h!s\",\"exit_status\":0,"
			"\"plugin_output\":\"\"" TIMES ",\"check_source\":\"gateway\"}");
}

static void what_is_too_long_is_cut_at_a_character(void **state)
{
	struct check_result r = result_of("h", "s", CHECK_OK);

	(void)state;
	r.output = BYTES("12345");
	r.long_output = BYTES("67\xc3\xa4xy");
	r.perfdata = BYTES("a=1 b=2 c=3");
	expect(&r, 8, NULL, true,
			"h\ns\n{\"type\":\"Service\",\"service\":\"h!s\",\"exit_status\":0,"
			"\"plugin_output\":\"12345\\n67 [cut, 4 bytes]\","
			"\"performance_data\":[\"a=1\",\"b=2\"]" TIMES "}");
	expect(&r, 3, NULL, true,
			"h\ns\n{\"type\":\"Service\",\"service\":\"h!s\",\"exit_status\":0,"
			"\"plugin_output\":\"123 [cut, 8 bytes]\","
			"\"performance_data\":[\"a=1\"]" TIMES "}");
}

/* "a!b" as a host would speak for a service of "a". */
static void no_name_reaches_another_object(void **state)
{
	struct check_result host = result_of("a!b", "c", CHECK_OK);
	struct check_result service = result_of("a", "b!c", CHECK_OK);
	struct check_result broken = result_of("a\nb", "c", CHECK_OK);

	(void)state;
	expect(&host, 100, NULL, false, "a!b\nc\n");
	expect(&service, 100, NULL, false, "a\nb!c\n");
	expect(&broken, 100, NULL, false, "");
}

static void an_item_is_taken_apart_again(void **state)
{
	struct icinga2_item item = icinga2_item_of(BYTES("h\ns\n{}"));

	(void)state;
	assert_span_text(item.host, "h");
	assert_span_text(item.service, "s");
	assert_span_text(item.body, "{}");
	item = icinga2_item_of(BYTES("h\n\n{}"));
	assert_int_equal(item.service.len, 0);
	assert_span_text(item.body, "{}");
	item = icinga2_item_of(span_of(NULL, 0));
	assert_int_equal(item.host.len + item.body.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_is_named_with_its_host),
		cmocka_unit_test(a_host_is_up_or_down),
		cmocka_unit_test(all_of_a_result_is_told),
		cmocka_unit_test(what_is_missing_is_left_out_or_filled_in),
		cmocka_unit_test(what_is_too_long_is_cut_at_a_character),
		cmocka_unit_test(no_name_reaches_another_object),
		cmocka_unit_test(an_item_is_taken_apart_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
