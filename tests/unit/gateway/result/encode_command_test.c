/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "gateway/result/encode_command.h"
#include "gateway/result/encode_icinga2.h"

static const struct wall_time now = { 1800000000 * INT64_C(1000000000) };

#define SECONDS(n)                                                                                 \
	{                                                                                          \
		(n) * INT64_C(1000000000)                                                          \
	}

static const struct command downtime = {
	.kind = COMMAND_DOWNTIME,
	.host = SPAN("web 1"),
	.service = SPAN("Disk /var"),
	.author = SPAN("anna"),
	.comment = SPAN("new disk; 50 % | \\n"),
	.start = SECONDS(1800000000),
	.end = SECONDS(1800003600),
	.fixed = true,
};

static void must_be(encode_command *encode, struct command c, bool is_host, const char *wanted)
{
	struct str line = { 0 };

	if (is_host)
		c.service = (struct span){ 0 };
	assert_null(encode(&line, &c, now));
	assert_string_equal(str_text(&line), wanted);
	str_finish(&line);
}

static struct command of_kind(enum command_kind kind)
{
	struct command c = downtime;

	c.kind = kind;
	c.comment = (struct span)SPAN("x");
	return c;
}

static void downtimes(void **state)
{
	struct command flexible = of_kind(COMMAND_DOWNTIME);

	(void)state;
	must_be(encode_command_nagios, downtime, false,
			"[1800000000] SCHEDULE_SVC_DOWNTIME;web 1;Disk "
			"/var;1800000000;1800003600;1;"
			"0;3600;anna;new disk, 50 % | \\n\n");
	flexible.fixed = false;
	flexible.duration = 600;
	must_be(encode_command_icinga, flexible, true,
			"[1800000000] SCHEDULE_HOST_DOWNTIME;web 1;1800000000;1800003600;0;0;600;"
			"anna;x\n");
	must_be(encode_command_icinga2, flexible, true,
			"web 1\n\nschedule-downtime{\"type\":\"Host\",\"host\":\"web 1\","
			"\"author\":\"anna\",\"comment\":\"x\",\"start_time\":1800000000.000000,"
			"\"end_time\":1800003600.000000,\"fixed\":false,\"duration\":600}");
}

static void acknowledgements(void **state)
{
	struct command c = of_kind(COMMAND_ACKNOWLEDGE);

	(void)state;
	c.sticky = true;
	must_be(encode_command_nagios, c, true,
			"[1800000000] ACKNOWLEDGE_HOST_PROBLEM;web 1;2;0;0;anna;x\n");
	c.sticky = false;
	c.notify = c.persistent = true;
	must_be(encode_command_nagios, c, false,
			"[1800000000] ACKNOWLEDGE_SVC_PROBLEM;web 1;Disk /var;1;1;1;anna;x\n");
	must_be(encode_command_icinga2, c, false,
			"web 1\nDisk /var\nacknowledge-problem{\"type\":\"Service\",\"service\":"
			"\"web 1!Disk "
			"/var\",\"author\":\"anna\",\"comment\":\"x\",\"sticky\":false,"
			"\"notify\":true,\"persistent\":true}");
	must_be(encode_command_nagios, of_kind(COMMAND_REMOVE_ACKNOWLEDGEMENT), false,
			"[1800000000] REMOVE_SVC_ACKNOWLEDGEMENT;web 1;Disk /var\n");
	must_be(encode_command_icinga, of_kind(COMMAND_REMOVE_ACKNOWLEDGEMENT), true,
			"[1800000000] REMOVE_HOST_ACKNOWLEDGEMENT;web 1\n");
}

static void an_acknowledgement_expires_where_the_core_can(void **state)
{
	struct command c = of_kind(COMMAND_ACKNOWLEDGE);
	struct str line = { 0 };

	(void)state;
	c.expire = (struct wall_time)SECONDS(1800000060);
	must_be(encode_command_icinga2, c, true,
			"web 1\n\nacknowledge-problem{\"type\":\"Host\",\"host\":\"web "
			"1\",\"author\""
			":\"anna\",\"comment\":\"x\",\"sticky\":false,\"notify\":false,"
			"\"persistent\":"
			"false,\"expiry\":1800000060.000000}");
	/* Icinga 2.13 has ACKNOWLEDGE_HOST_PROBLEM_EXPIRE, and lets it never end. */
	assert_non_null(encode_command_nagios(&line, &c, now));
	assert_non_null(encode_command_icinga(&line, &c, now));
	assert_int_equal(line.len, 0);
	str_finish(&line);
}

static void texts_stay_in_their_place(void **state)
{
	struct command c = of_kind(COMMAND_COMMENT);

	(void)state;
	c.author = (struct span)SPAN("a;b\nc;");
	c.comment = (struct span)SPAN("one\r\n[0] SHUTDOWN_PROGRAM\n\x1b\xc2\x85;\\");
	must_be(encode_command_nagios, c, true,
			"[1800000000] ADD_HOST_COMMENT;web 1;0;a,b c,;one [0] SHUTDOWN_PROGRAM   "
			";\\\n");
	c.persistent = true;
	must_be(encode_command_icinga, c, false,
			"[1800000000] ADD_SVC_COMMENT;web 1;Disk /var;1;a,b c,;one [0] "
			"SHUTDOWN_PROGRAM   ;\\\n");
	must_be(encode_command_icinga2, c, true,
			"web 1\n\nadd-comment{\"type\":\"Host\",\"host\":\"web "
			"1\",\"author\":\"a;b\\nc;"
			"\",\"comment\":\"one\\r\\n[0] SHUTDOWN_PROGRAM\\n\\u001b\\u0085;\\\\\"}");
}

static void a_name_that_ends_a_command_makes_none(void **state)
{
	static encode_command *const encoders[] = { encode_command_nagios, encode_command_icinga,
		encode_command_icinga2 };
	struct command c = of_kind(COMMAND_COMMENT);

	(void)state;
	c.host = (struct span)SPAN("a;b");
	for (size_t i = 0; i < array_size(encoders); i++)
		must_be(encoders[i], c, false, "");
	c.host = (struct span)SPAN("a!b");
	must_be(encode_command_icinga2, c, true, "a!b\n\n");
}

static void an_item_tells_its_action(void **state)
{
	struct str text = { 0 };
	struct icinga2_item item;

	(void)state;
	encode_command_icinga2(&text, &downtime, now);
	item = icinga2_item_of(str_span(&text));
	assert_span_text(item.host, "web 1");
	assert_span_text(item.service, "Disk /var");
	assert_span_text(item.action, "schedule-downtime");
	assert_int_equal(item.body.data[0], '{');
	str_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(downtimes),
		cmocka_unit_test(acknowledgements),
		cmocka_unit_test(an_acknowledgement_expires_where_the_core_can),
		cmocka_unit_test(texts_stay_in_their_place),
		cmocka_unit_test(a_name_that_ends_a_command_makes_none),
		cmocka_unit_test(an_item_tells_its_action),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
