/* SPDX-License-Identifier: MIT */
/*
 * Reading nagios.log and status.dat.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/nagios_log.h"
#include "cli/nagios_status.h"

static bool feed(struct nagios_log *log, const char *line, struct nagios_applied *ret)
{
	return nagios_log_line(log, span_of_text(line), ret);
}

static void test_log(void **unused)
{
	struct nagios_log log = { .notify = -1, .file = -1 };
	struct nagios_applied a;

	(void)unused;
	assert_false(feed(&log, "", &a));
	assert_false(feed(&log, "[1] PASSIVE SERVICE CHECK: h0;s0;0;(null)", &a));
	assert_false(feed(&log, "[1795397207] EXTERNAL COMMAND: PROCESS_FILE;/x;1", &a));
	assert_false(feed(&log,
			"[1795397207] EXTERNAL COMMAND: "
			"PROCESS_SERVICE_CHECK_RESULT;h0;s0;2;a;b\\\\n|p=1\\nmore",
			&a));
	assert_true(feed(&log, "[1795397207] PASSIVE SERVICE CHECK: h0;s0;0;(null)", &a));
	assert_int_equal(a.event, NAGIOS_APPLIED);
	assert_true(span_equal_text(a.host, "h0"));
	assert_true(span_equal_text(a.service, "s0"));
	assert_int_equal(a.code, 2);
	assert_true(span_equal_text(a.output, "a;b\\\\n"));
	assert_false(feed(&log, "[1] EXTERNAL COMMAND: PROCESS_HOST_CHECK_RESULT;h1;1;dn\\nmore",
			&a));
	assert_true(feed(&log, "[1] PASSIVE HOST CHECK: h1;0;(null)", &a));
	assert_int_equal(a.service.len, 0);
	assert_true(span_equal_text(a.output, "dn"));
	assert_false(feed(&log, "[1] EXTERNAL COMMAND: PROCESS_HOST_CHECK_RESULT;h9;1;x", &a));
	assert_true(feed(&log,
			"[1] Warning:  Passive check result was received for host 'h9', but the "
			"host could not be found!",
			&a));
	assert_int_equal(a.event, NAGIOS_UNKNOWN_OBJECT);
	assert_false(feed(&log, "[1] EXTERNAL COMMAND: PROCESS_HOST_CHECK_RESULT;h9;9;x", &a));
	assert_false(feed(&log, "[1] PASSIVE HOST CHECK: h9;0;(null)", &a));
	nagios_log_close(&log);
}

static void test_status(void **unused)
{
	static const struct span text = SPAN("info {\n\tversion=4\n\t}\n"
					     "hoststatus {\n\thost_name=h\n\tcurrent_state=1\n"
					     "\tplugin_output=a=b\n\t}\n"
					     "servicestatus {\n\thost_name=h\n"
					     "\tservice_description=s\n\tcurrent_state=2\n"
					     "\tplugin_output=full\n\tlong_plugin_output=l\\nm\n"
					     "\tperformance_data=a=1\n\t}\n");
	struct span host = SPAN("h"), service = SPAN("s"), none = { NULL, 0 };
	struct nagios_status s;

	(void)unused;
	assert_true(nagios_status_find(text, host, none, &s));
	assert_true(span_equal_text(s.state, "1"));
	assert_true(span_equal_text(s.output, "a=b"));
	assert_true(nagios_status_find(text, host, service, &s));
	assert_true(span_equal_text(s.state, "2"));
	assert_true(span_equal_text(s.long_output, "l\\nm"));
	assert_true(span_equal_text(s.perfdata, "a=1"));
	assert_false(nagios_status_find(text, host, host, &s));
	assert_false(nagios_status_find(text, service, none, &s));
	assert_false(nagios_status_find(none, host, none, &s));
	assert_false(nagios_status_find(span_first(text, 40), host, none, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
