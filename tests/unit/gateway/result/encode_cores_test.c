/* SPDX-License-Identifier: MIT */
/*
 * Where the encoders of the other cores differ from that of Nagios.
 */
#include "gateway/result/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NOW = 1795384096 };

static const struct wall_time now = { (int64_t)NOW * 1000000000 + 250000999 };

static struct check_result result_of(
		const char *output, const char *long_output, const char *perfdata)
{
	return (struct check_result){
		.host = SPAN("h"),
		.service = SPAN("s"),
		.state = CHECK_CRITICAL,
		.output = span_of_text(output),
		.long_output = span_of_text(long_output),
		.perfdata = span_of_text(perfdata),
		.ttl = -1,
	};
}

static void expect(encode_result *encode, const struct check_result *r, const char *expected)
{
	struct str line = { 0 };

	assert_false(encode(&line, r, now, DEFAULT_MAX_OUTPUT, MAX_PIPE_LINE));
	assert_string_equal(str_text(&line), expected);
	str_finish(&line);
}

#define SERVICE_LINE "[1795384096.250000] PROCESS_SERVICE_CHECK_RESULT;h;s;2;"
#define HOST_LINE    "[1795384096.250000] PROCESS_HOST_CHECK_RESULT;h;1;"

static const struct {
	const char *output, *long_output, *perfdata;
	const char *service, *host;
} icinga_texts[] = {
	{ "full", "", "a=1", "full|a=1", "full|a=1" },
	{ "", "", "", "", "" },
	{ "a;b", "", "", "a;b", "a;b" },
	{ "C:\\temp", "", "", "C:\\temp", "C:\\temp" },
	{ "C:\\new", "", "", "C:\xe2\x88\x96new", "C:\\new" },
	{ "a\\", "n", "", "a\\\\nn", "a\\ n" },
	{ "a|b=1", "", "c=2",
			"a\xc2\xa6"
			"b=1|c=2",
			"a\xc2\xa6"
			"b=1|c=2" },
	{ "a", "b\nc", "d=1", "a|d=1\\nb\\nc", "a b c|d=1" },
	{ "", "b", "", "\\nb", "b" },
	{ "", "", "a=1", "CRITICAL|a=1", "UNREACHABLE|a=1" },
};

static void icinga_resolves_line_ends_of_services_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(icinga_texts); i++) {
		struct check_result r = result_of(icinga_texts[i].output,
				icinga_texts[i].long_output, icinga_texts[i].perfdata);
		struct str expected = { 0 };

		str_printf(&expected, SERVICE_LINE "%s\n", icinga_texts[i].service);
		expect(encode_icinga, &r, str_text(&expected));
		str_clear(&expected);
		r.service = (struct span){ NULL, 0 };
		str_printf(&expected, HOST_LINE "%s\n", icinga_texts[i].host);
		expect(encode_icinga, &r, str_text(&expected));
		str_finish(&expected);
	}
}

static void an_icinga_host_is_up_or_down(void **state)
{
	static const char *const lines[] = { "[1] PROCESS_HOST_CHECK_RESULT;h;0;x\n",
		"[1] PROCESS_HOST_CHECK_RESULT;h;1;x\n", "[1] PROCESS_HOST_CHECK_RESULT;h;1;x\n" };

	(void)state;
	for (unsigned i = 0; i < array_size(lines); i++) {
		struct check_result r = result_of("x", "", "");

		r.service = (struct span){ NULL, 0 };
		r.state = (enum check_state)i;
		r.time.ns = 1000000000;
		expect(encode_icinga, &r, lines[i]);
	}
}

static const struct {
	int64_t ns;
	const char *stamp;
} icinga_times[] = {
	{ 1411220019711785664, "[1411220019.711785] " },
	{ 1411220019000000000, "[1411220019] " },
	{ 1411220019000001000, "[1411220019.000001] " },
	{ 1, "[0.000001] " }, /* Icinga refuses 0 */
	{ -1, "[0.000001] " },
	{ INT64_MIN, "[0.000001] " },
	{ INT64_MAX, "[1795384096.250000] " },
};

static void icinga_gets_the_fraction_of_a_time_and_never_0(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(icinga_times); i++) {
		struct check_result r = result_of("a", "", "");
		struct str line = { 0 };

		r.time.ns = icinga_times[i].ns;
		encode_icinga(&line, &r, now, DEFAULT_MAX_OUTPUT, 0);
		assert_true(span_starts_with(str_span(&line), span_of_text(icinga_times[i].stamp)));
		str_finish(&line);
	}
}

static void naemon_gets_no_empty_argument(void **state)
{
	struct check_result r = result_of("", "", "");

	(void)state;
	expect(encode_naemon, &r, "[1795384096] PROCESS_SERVICE_CHECK_RESULT;h;s;2;CRITICAL\n");
	r.output = (struct span)SPAN(" a\\n ");
	expect(encode_naemon, &r, "[1795384096] PROCESS_SERVICE_CHECK_RESULT;h;s;2;a\\\\n\n");
	r.service = (struct span){ NULL, 0 };
	r.output = (struct span)SPAN(" ");
	expect(encode_naemon, &r, "[1795384096] PROCESS_HOST_CHECK_RESULT;h;2;UNREACHABLE\n");
}

static void a_record_of_a_spool_file_is_whole(void **state)
{
	struct check_result r = result_of("a\\", "b=1", "c=2");

	(void)state;
	expect(encode_check_result_file, &r,
			"host_name=h\nservice_description=s\ncheck_type=1\ncheck_options=0\n"
			"scheduled_check=0\nreschedule_check=0\nlatency=0.0\n"
			"start_time=1795384096.250000\nfinish_time=1795384096.250000\n"
			"early_timeout=0\nexited_ok=1\nreturn_code=2\n"
			"output=a\\\\|c=2\\nb=1\n\n");
	r = result_of("", "", "");
	r.service = (struct span){ NULL, 0 };
	r.state = CHECK_OK;
	r.time.ns = 1500000000;
	expect(encode_check_result_file, &r,
			"host_name=h\ncheck_type=1\ncheck_options=0\n"
			"scheduled_check=0\nreschedule_check=0\nlatency=0.0\n"
			"start_time=1.500000\nfinish_time=1.500000\n"
			"early_timeout=0\nexited_ok=1\nreturn_code=0\noutput=UP\n\n");
}

static void what_cannot_be_said_appends_nothing(void **state)
{
	static encode_result *const encoders[] = { encode_icinga, encode_naemon,
		encode_check_result_file };
	struct check_result bad[4];

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		bad[i] = result_of("x", "", "");
	bad[0].host = (struct span)SPAN("a;b");
	bad[1].service = (struct span)SPAN("a\nb");
	bad[2].service = (struct span){ NULL, 0 };
	bad[2].state = CHECK_UNKNOWN;
	bad[3].service = (struct span)SPAN("ends in \\"); /* would take the next line along */
	for (size_t e = 0; e < array_size(encoders); e++) {
		for (size_t i = 0; i < array_size(bad); i++) {
			struct str line = { 0 };
			bool sayable = i == 3 && encoders[e] != encode_check_result_file;

			encoders[e](&line, &bad[i], now, DEFAULT_MAX_OUTPUT, 0);
			assert_int_equal(line.len > 0, sayable);
			str_finish(&line);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(icinga_resolves_line_ends_of_services_and_nothing_else),
		cmocka_unit_test(an_icinga_host_is_up_or_down),
		cmocka_unit_test(icinga_gets_the_fraction_of_a_time_and_never_0),
		cmocka_unit_test(naemon_gets_no_empty_argument),
		cmocka_unit_test(a_record_of_a_spool_file_is_whole),
		cmocka_unit_test(what_cannot_be_said_appends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
