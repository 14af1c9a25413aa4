/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "common/mem.h"
#include "gateway/result/command.h"
#include "gateway/result/json_document.h"

#include <stdio.h>

static const struct wall_time received = { 1800000000 * INT64_C(1000000000) };

static int start(void **state)
{
	*state = json_reader_create();
	return 0;
}

static int stop(void **state)
{
	json_reader_destroy(*state);
	return 0;
}

static struct command read_it(void **state, const char *payload)
{
	struct command c;
	struct span detail;
	enum reject reject = command_decode(*state, span_of_text(payload), received, &c, &detail);

	if (reject != REJECT_NONE)
		fail_msg("%s: %s (%.*s)", payload, reject_info(reject)->code, SPAN_ARGS(detail));
	return c;
}

static void must_refuse(void **state, const char *payload, enum reject wanted, const char *word)
{
	struct command c;
	struct span detail;
	enum reject reject = command_decode(*state, span_of_text(payload), received, &c, &detail);

	if (reject != wanted || memmem(detail.data, detail.len, word, strlen(word)) == NULL)
		fail_msg("%s: %s (%.*s)", payload, reject_info(reject)->code, SPAN_ARGS(detail));
}

static int64_t s(struct wall_time time)
{
	return wall_time_seconds(time);
}

static void a_fixed_downtime_has_an_end_or_a_duration(void **state)
{
	struct command c = read_it(state,
			"{\"command\":\"downtime\",\"author\":\" anna \",\"comment\":\"new disk\","
			"\"start\":1800000100,\"end\":\"2027-01-15T09:00:00Z\"}");

	assert_int_equal(c.kind, COMMAND_DOWNTIME);
	assert_span_text(c.author, "anna");
	assert_span_text(c.comment, "new disk");
	assert_int_equal(s(c.start), 1800000100);
	assert_int_equal(s(c.end), 1800003600);
	assert_true(c.fixed);
	assert_int_equal(c.duration, 0);
	c = read_it(state, "{\"command\":\"downtime\",\"comment\":\"x\",\"duration\":3600}");
	assert_int_equal(c.start.ns, received.ns);
	assert_int_equal(s(c.end), 1800003600);
	assert_int_equal(c.author.len, 0);
	assert_int_equal(c.duration, 0);
}

static void a_flexible_downtime_has_both(void **state)
{
	struct command c = read_it(state,
			"{\"command\":\"downtime\",\"comment\":\"x\",\"fixed\":false,"
			"\"end\":1800009000,\"duration\":\"600\"}");

	assert_false(c.fixed);
	assert_int_equal(c.duration, 600);
	assert_int_equal(s(c.end), 1800009000);
	must_refuse(state,
			"{\"command\":\"downtime\",\"comment\":\"x\",\"fixed\":false,"
			"\"end\":1800009000}",
			REJECT_BAD_COMMAND, "end and duration");
	must_refuse(state,
			"{\"command\":\"downtime\",\"comment\":\"x\",\"fixed\":false,"
			"\"duration\":60}",
			REJECT_BAD_COMMAND, "end and duration");
}

static void the_others(void **state)
{
	struct command c = read_it(
			state, "{\"command\":\"acknowledge\",\"comment\":\"on it\",\"id\":\"7\"}");

	assert_int_equal(c.kind, COMMAND_ACKNOWLEDGE);
	assert_true(c.sticky && !c.notify && !c.persistent);
	assert_int_equal(c.expire.ns, 0);
	assert_span_text(c.id, "7");
	c = read_it(state,
			"{\"sticky\":false,\"notify\":true,\"persistent\":true,\"comment\":\"a\","
			"\"expire\":1800000001,\"time\":1799999999,"
			"\"command\":\"acknowledge\"}");
	assert_true(!c.sticky && c.notify && c.persistent);
	assert_int_equal(s(c.expire), 1800000001);
	assert_int_equal(s(c.time), 1799999999);
	c = read_it(state, "{\"command\":\"remove_acknowledgement\",\"author\":null}");
	assert_int_equal(c.kind, COMMAND_REMOVE_ACKNOWLEDGEMENT);
	c = read_it(state, "{\"command\":\"comment\",\"comment\":\"a;\\nb\"}");
	assert_int_equal(c.kind, COMMAND_COMMENT);
	assert_true(c.persistent && !c.sticky && !c.fixed);
	assert_span_text(c.comment, "a;\nb");
}

static void what_is_no_command_is_refused(void **state)
{
	must_refuse(state, "", REJECT_NOT_JSON, "");
	must_refuse(state, "downtime", REJECT_NOT_JSON, "");
	must_refuse(state, "[]", REJECT_NOT_OBJECT, "one object");
	must_refuse(state, "[{\"command\":\"comment\"}]", REJECT_NOT_OBJECT, "one object");
	must_refuse(state, "{}", REJECT_BAD_COMMAND, "command is missing");
	must_refuse(state, "{\"command\":null}", REJECT_BAD_COMMAND, "command is missing");
	must_refuse(state, "{\"command\":1}", REJECT_BAD_COMMAND, "known are downtime");
	must_refuse(state, "{\"command\":\"Comment\"}", REJECT_BAD_COMMAND, "known are downtime");
	must_refuse(state, "{\"command\":\"SHUTDOWN_PROGRAM\"}", REJECT_BAD_COMMAND,
			"SHUTDOWN_PROGRAM is no command");
	must_refuse(state, "{\"command\":\"comment\",\"command\":\"comment\"}",
			REJECT_DUPLICATE_KEY, "");
}

static void what_is_wrong_or_missing_is_refused(void **state)
{
	static const struct {
		const char *rest;
		enum reject reject;
		const char *word;
	} cases[] = {
		{ "\"comment\"", REJECT_BAD_COMMAND, "comment is missing" },
		{ "\"acknowledge\",\"comment\":null", REJECT_BAD_COMMAND, "comment is missing" },
		{ "\"comment\",\"comment\":\" \\n\"", REJECT_BAD_VALUE, "comment is empty" },
		{ "\"comment\",\"comment\":5", REJECT_BAD_VALUE, "comment is no text" },
		{ "\"comment\",\"comment\":\"a\",\"author\":[]", REJECT_BAD_VALUE, "author" },
		{ "\"comment\",\"comment\":\"a\",\"comnent\":\"b\"", REJECT_BAD_VALUE,
				"comnent is no key" },
		{ "\"comment\",\"comment\":\"a\",\"sticky\":true", REJECT_BAD_VALUE,
				"sticky has no meaning" },
		{ "\"remove_acknowledgement\",\"comment\":\"a\"", REJECT_BAD_VALUE,
				"comment has no meaning" },
		{ "\"acknowledge\",\"comment\":\"a\",\"sticky\":1", REJECT_BAD_VALUE,
				"sticky is neither" },
		{ "\"acknowledge\",\"comment\":\"a\",\"notify\":\"true\"", REJECT_BAD_VALUE,
				"notify is neither" },
		{ "\"acknowledge\",\"comment\":\"a\",\"expire\":1799999999", REJECT_BAD_TIME,
				"expire is past" },
		{ "\"acknowledge\",\"comment\":\"a\",\"expire\":true", REJECT_BAD_TIME, "expire" },
		{ "\"downtime\",\"comment\":\"a\"", REJECT_BAD_COMMAND, "end or duration" },
		{ "\"downtime\",\"comment\":\"a\",\"end\":1800000060,\"duration\":60",
				REJECT_BAD_COMMAND, "only one" },
		{ "\"downtime\",\"comment\":\"a\",\"duration\":0", REJECT_BAD_VALUE, "duration" },
		{ "\"downtime\",\"comment\":\"a\",\"duration\":-5", REJECT_BAD_VALUE, "duration" },
		{ "\"downtime\",\"comment\":\"a\",\"duration\":1.5", REJECT_BAD_VALUE, "duration" },
		{ "\"downtime\",\"comment\":\"a\",\"duration\":315360001", REJECT_BAD_VALUE,
				"duration" },
		{ "\"downtime\",\"comment\":\"a\",\"end\":\"tomorrow\"", REJECT_BAD_TIME,
				"end is no time" },
		{ "\"downtime\",\"comment\":\"a\",\"end\":4294967296", REJECT_BAD_TIME, "keep" },
		{ "\"downtime\",\"comment\":\"a\",\"start\":4294967290,\"duration\":60",
				REJECT_BAD_TIME, "keep" },
		{ "\"downtime\",\"comment\":\"a\",\"start\":0,\"duration\":60", REJECT_BAD_TIME,
				"keep" },
		{ "\"downtime\",\"comment\":\"a\",\"end\":1799999999", REJECT_BAD_TIME,
				"not behind start" },
		{ "\"downtime\",\"comment\":\"a\",\"start\":1700000000,\"duration\":60",
				REJECT_BAD_TIME, "end is past" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		char payload[256];

		snprintf(payload, sizeof(payload), "{\"command\":%s}", cases[i].rest);
		must_refuse(state, payload, cases[i].reject, cases[i].word);
	}
}

static void texts_have_bounds(void **state)
{
	for (size_t len = MAX_COMMENT_BYTES; len <= MAX_COMMENT_BYTES + 1; len++) {
		struct str payload = { 0 };

		str_append_text(&payload, "{\"command\":\"comment\",\"comment\":\"");
		for (size_t i = 0; i < len; i++)
			str_append_byte(&payload, 'x');
		str_append_text(&payload, "\"}");
		if (len == MAX_COMMENT_BYTES)
			read_it(state, str_text(&payload));
		else
			must_refuse(state, str_text(&payload), REJECT_BAD_VALUE, "too long");
		str_finish(&payload);
	}
}

static void names_go_both_ways(void **state)
{
	(void)state;
	for (int i = 0; i < COMMAND_COUNT; i++) {
		enum command_kind kind;

		assert_true(command_find(span_of_text(command_name((enum command_kind)i)), &kind));
		assert_int_equal(kind, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_downtime_has_an_end_or_a_duration),
		cmocka_unit_test(a_flexible_downtime_has_both),
		cmocka_unit_test(the_others),
		cmocka_unit_test(what_is_no_command_is_refused),
		cmocka_unit_test(what_is_wrong_or_missing_is_refused),
		cmocka_unit_test(texts_have_bounds),
		cmocka_unit_test(names_go_both_ways),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
