/* SPDX-License-Identifier: MIT */
#include "gateway/result/presence.h"

#include "common/mem.h"
#include "gateway/result/json_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

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

static struct presence_message read_it(void **state, const char *payload, bool is_host)
{
	struct presence_message message;
	struct span detail;
	enum reject reject =
			presence_decode(*state, span_of_text(payload), is_host, &message, &detail);

	if (reject != REJECT_NONE)
		fail_msg("%s: %s (%.*s)", payload, reject_info(reject)->code, SPAN_ARGS(detail));
	return message;
}

static enum reject refuse_it(void **state, const char *payload, bool is_host)
{
	struct presence_message message;
	struct span detail;

	return presence_decode(*state, span_of_text(payload), is_host, &message, &detail);
}

static void words_in_any_case_with_blanks_around(void **state)
{
	static const char *const there[] = { "online", "up", "here", "1", "true", "ONLINE",
		" Online\n", "\xef\xbb\xbfup", "TRUE" };
	static const char *const gone[] = { "offline", "down", "gone", "0", "false", "\tOffLine ",
		"DOWN", "False\r\n" };

	for (size_t i = 0; i < array_size(there); i++) {
		struct presence_message m = read_it(state, there[i], true);

		assert_int_equal(m.word, PRESENCE_THERE);
		assert_false(m.has_becomes);
		assert_int_equal(m.ttl, -1);
		assert_int_equal(m.delay, -1);
		assert_int_equal(m.output.len, 0);
	}
	for (size_t i = 0; i < array_size(gone); i++)
		assert_int_equal(read_it(state, gone[i], false).word, PRESENCE_GONE);
}

static void an_empty_payload_says_nothing(void **state)
{
	assert_int_equal(read_it(state, "", true).word, PRESENCE_NOTHING);
	assert_int_equal(refuse_it(state, " ", true), REJECT_NO_STATE);
}

static void other_text_is_refused(void **state)
{
	static const char *const texts[] = { "on", "off", "2", "00", "01", "1.0", "yes", "online!",
		"online offline", "OK", "CRITICAL", "null", "\"online\"", "-", "1,0" };

	for (size_t i = 0; i < array_size(texts); i++)
		assert_int_equal(refuse_it(state, texts[i], true), REJECT_BAD_STATE);
	assert_int_equal(refuse_it(state, "\xff", true), REJECT_NOT_UTF8);
}

static void json_has_it_all(void **state)
{
	struct presence_message m = read_it(state,
			" {\"state\": \"online\", \"ttl\": 90, \"delay\": 10, \"becomes\": "
			"\"CRITICAL\", \"output\": \" cable \\nsecond line\", \"other\": [1]} ",
			false);

	assert_int_equal(m.word, PRESENCE_THERE);
	assert_int_equal(m.ttl, 90);
	assert_int_equal(m.delay, 10);
	assert_true(m.has_becomes);
	assert_int_equal(m.becomes, CHECK_CRITICAL);
	assert_true(span_equal_text(m.output, "cable"));
	m = read_it(state, "{\"STATUS\":\"Gone\",\"ttl\":\"60.0\",\"Delay\":\"0\",\"msg\":7}",
			true);
	assert_int_equal(m.word, PRESENCE_GONE);
	assert_false(m.has_becomes);
	assert_int_equal(m.ttl, 60);
	assert_int_equal(m.delay, 0);
	assert_true(span_equal_text(m.output, "7"));
}

static void a_state_says_what_it_becomes(void **state)
{
	static const struct {
		const char *word;
		bool is_host;
		enum presence_word says;
		int becomes;
	} rows[] = {
		{ "UP", true, PRESENCE_THERE, -1 },
		{ "OK", true, PRESENCE_THERE, -1 },
		{ "ok", false, PRESENCE_THERE, -1 },
		{ "up", false, PRESENCE_THERE, -1 },
		{ "DOWN", true, PRESENCE_GONE, 1 },
		{ "down", false, PRESENCE_GONE, -1 },
		{ "UNREACHABLE", true, PRESENCE_GONE, 2 },
		{ "CRITICAL", true, PRESENCE_GONE, 1 },
		{ "WARNING", false, PRESENCE_GONE, 1 },
		{ "CRITICAL", false, PRESENCE_GONE, 2 },
		{ "UNKNOWN", false, PRESENCE_GONE, 3 },
		{ "offline", true, PRESENCE_GONE, -1 },
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		char payload[64];
		struct presence_message m;

		snprintf(payload, sizeof(payload), "{\"state\":\"%s\"}", rows[i].word);
		m = read_it(state, payload, rows[i].is_host);
		assert_int_equal(m.word, rows[i].says);
		assert_int_equal(m.has_becomes ? (int)m.becomes : -1, rows[i].becomes);
	}
	assert_int_equal(read_it(state, "{\"state\":\"DOWN\",\"becomes\":\"UNREACHABLE\"}", true)
					 .becomes,
			2);
	assert_int_equal(read_it(state, "{\"becomes\":\"UNREACHABLE\",\"state\":\"DOWN\"}", true)
					 .becomes,
			2);
}

static void nothing_is_guessed(void **state)
{
	static const struct {
		const char *payload;
		bool is_host;
		enum reject reject;
	} rows[] = {
		{ "{}", true, REJECT_NO_STATE },
		{ "{\"ttl\":90}", true, REJECT_NO_STATE },
		{ "{\"state\":null}", true, REJECT_NO_STATE },
		{ "[\"online\"]", true, REJECT_NOT_OBJECT },
		{ "[]", true, REJECT_NOT_OBJECT },
		{ "{\"state\":\"online\"", true, REJECT_NOT_JSON },
		{ "{\"state\":\"online\"} x", true, REJECT_NOT_JSON },
		{ "{\"state\":\"online\",\"state\":\"offline\"}", true, REJECT_DUPLICATE_KEY },
		{ "{\"state\":\"online\",\"State\":\"offline\"}", true, REJECT_DUPLICATE_KEY },
		{ "{\"state\":\"online\",\"code\":2}", true, REJECT_DUPLICATE_KEY },
		{ "{\"state\":\"online\",\"delay\":1,\"DELAY\":2}", true, REJECT_DUPLICATE_KEY },
		/* 0 is OK as a state and offline as text. */
		{ "{\"state\":0}", true, REJECT_BAD_STATE },
		{ "{\"state\":1}", true, REJECT_BAD_STATE },
		{ "{\"state\":\"1\"}", true, REJECT_BAD_STATE },
		{ "{\"state\":true}", true, REJECT_BAD_STATE },
		{ "{\"state\":\"true\"}", true, REJECT_BAD_STATE },
		{ "{\"state\":\"\"}", true, REJECT_BAD_STATE },
		{ "{\"state\":{\"a\":1}}", true, REJECT_BAD_STATE },
		{ "{\"state\":\"WARNING\"}", true, REJECT_BAD_STATE },
		{ "{\"state\":\"UNKNOWN\"}", true, REJECT_BAD_STATE },
		{ "{\"state\":\"UNREACHABLE\"}", false, REJECT_BAD_STATE },
		{ "{\"state\":\"online\",\"becomes\":\"OK\"}", false, REJECT_BAD_STATE },
		{ "{\"state\":\"online\",\"becomes\":\"0\"}", false, REJECT_BAD_STATE },
		{ "{\"state\":\"online\",\"becomes\":\"DOWN\"}", false, REJECT_BAD_STATE },
		{ "{\"state\":\"online\",\"becomes\":[]}", false, REJECT_BAD_STATE },
		{ "{\"state\":\"online\",\"ttl\":-1}", false, REJECT_BAD_VALUE },
		{ "{\"state\":\"online\",\"ttl\":1.5}", false, REJECT_BAD_VALUE },
		{ "{\"state\":\"online\",\"ttl\":1e3}", false, REJECT_BAD_VALUE },
		{ "{\"state\":\"online\",\"ttl\":true}", false, REJECT_BAD_VALUE },
		{ "{\"state\":\"online\",\"ttl\":99999999999999}", false, REJECT_BAD_VALUE },
		{ "{\"state\":\"online\",\"delay\":\"soon\"}", false, REJECT_BAD_VALUE },
		{ "{\"state\":\"online\",\"output\":[\"a\"]}", false, REJECT_BAD_VALUE },
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		enum reject reject = refuse_it(state, rows[i].payload, rows[i].is_host);

		if (reject != rows[i].reject)
			fail_msg("%s: %s", rows[i].payload, reject_info(reject)->code);
	}
}

static void the_detail_is_what_was_found(void **state)
{
	struct presence_message m;
	struct span detail;
	struct span payload = SPAN("{\"state\":\"sleeping\"}");

	assert_int_equal(presence_decode(*state, payload, true, &m, &detail), REJECT_BAD_STATE);
	assert_true(span_equal_text(detail, "sleeping"));
	payload = (struct span)SPAN("maybe");
	assert_int_equal(presence_decode(*state, payload, true, &m, &detail), REJECT_BAD_STATE);
	assert_true(span_equal_text(detail, "maybe"));
	payload = (struct span)SPAN("on\0line");
	assert_int_equal(presence_decode(*state, payload, true, &m, &detail), REJECT_NUL);
	assert_true(span_equal_text(detail, "byte 2"));
	payload = (struct span)SPAN("{\"state\":}");
	assert_int_equal(presence_decode(*state, payload, true, &m, &detail), REJECT_NOT_JSON);
	assert_true(span_equal_text(detail, "byte 9: a value is missing"));
}

static void a_payload_that_is_too_large_is_refused(void **state)
{
	size_t len = MAX_PAYLOAD_BYTES + 1;
	AUTO_FREE char *large = xmalloc(len);
	struct presence_message m;
	struct span detail;

	memset(large, ' ', len);
	assert_int_equal(presence_decode(*state, span_of(large, len), true, &m, &detail),
			REJECT_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_in_any_case_with_blanks_around),
		cmocka_unit_test(an_empty_payload_says_nothing),
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(json_has_it_all),
		cmocka_unit_test(a_state_says_what_it_becomes),
		cmocka_unit_test(nothing_is_guessed),
		cmocka_unit_test(the_detail_is_what_was_found),
		cmocka_unit_test(a_payload_that_is_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
