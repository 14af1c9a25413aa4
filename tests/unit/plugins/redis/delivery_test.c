/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugins/redis/script.h"

static void records_without_a_key_are_rejected_in_one_attempt(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 4);
	s.keys[0].len = s.keys[1].len = s.keys[3].len = 0;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":1\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_non_null(strstr(script_sent(&s), "RPUSH k {\"n\":2}"));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(s.marks[i], i == 2 ? -1 : RELAY_REJECT);
		assert_string_equal(s.reasons[i],
				i == 2 ? "" : "what key says is empty for this record");
	}
	/* The dead letters say it. */
	assert_int_equal(s.logged.len, 0);
	belfry_relay.close(it);
	script_finish(&s);
}

static void all_records_of_a_chosen_key_that_is_no_list_are_rejected_in_one_attempt(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 4);
	s.settings.key = "${topic[1]}";
	s.keys[0] = s.keys[1] = (struct relay_text){ "theirs", 6 };
	s.keys[3] = (struct relay_text){ "hers", 4 };
	s.connections[0][0] = GREETED;
	s.connections[0][1] = WRONGTYPE ":1\r\n" WRONGTYPE;
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_int_equal(s.marks[0], RELAY_REJECT);
	assert_int_equal(s.marks[1], RELAY_REJECT);
	assert_int_equal(s.marks[2], -1);
	assert_int_equal(s.marks[3], RELAY_REJECT);
	assert_non_null(strstr(s.reasons[0], "WRONGTYPE"));
	assert_non_null(strstr(s.reasons[0], "(theirs)"));
	assert_string_equal(s.reasons[1], s.reasons[0]);
	assert_non_null(strstr(s.reasons[3], "(hers)"));
	assert_int_equal(s.counted[COUNT_PUSHED], 1);
	belfry_relay.close(it);
	script_finish(&s);
}

static void records_of_the_operators_own_key_wait_for_the_operator(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 2);
	s.connections[0][0] = GREETED;
	s.connections[0][1] = WRONGTYPE;
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_int_equal(s.marks[0], -1);
	assert_int_equal(s.marks[1], -1);
	assert_non_null(strstr(s.outcome.reason, "(k)"));
	assert_int_equal(s.outcome.retry_after_ms, 5000);
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_rejected_record_does_not_hide_why_the_others_wait(void **state)
{
	static const struct {
		const char *answer, *reason;
		uint32_t wait_ms;
	} cases[] = {
		{ WRONGTYPE HUNG, "does not answer", 0 },
		{ WRONGTYPE "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
				"maxmemory", 0 },
		{ WRONGTYPE "-NOPERM this user has no permissions to run the 'rpush' command\r\n",
				"NOPERM", 5000 },
		{ WRONGTYPE "-MOVED 1 127.0.0.1:1\r\n", "going there", 1 },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct script s;
		void *it;

		script_init(&s, 3);
		s.settings.key = "${topic[1]}";
		s.keys[0].len = 0;
		s.keys[1] = (struct relay_text){ "theirs", 6 };
		s.connections[0][0] = GREETED;
		s.connections[0][1] = cases[i].answer;
		it = belfry_relay.open(&s.host, &s.settings);
		assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
		assert_int_equal(s.marks[0], RELAY_REJECT);
		assert_int_equal(s.marks[1], RELAY_REJECT);
		assert_int_equal(s.marks[2], -1);
		assert_non_null(strstr(s.outcome.reason, cases[i].reason));
		assert_int_equal(s.outcome.retry_after_ms, cases[i].wait_ms);
		belfry_relay.close(it);
		script_finish(&s);
	}
}

static void what_is_known_to_be_bad_leaves_while_the_host_looks_for_the_rest(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 4);
	s.keys[1].len = 0;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":1\r\n-ERR Protocol error: invalid bulk length\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_REJECT);
	assert_int_equal(s.marks[0], RELAY_OK);
	assert_int_equal(s.marks[1], RELAY_REJECT);
	assert_int_equal(s.marks[2], -1);
	assert_int_equal(s.marks[3], -1);
	assert_non_null(strstr(s.outcome.reason, "proto-max-bulk-len"));
	belfry_relay.close(it);
	script_finish(&s);
}

/* Nothing is left to wait, so that the log is the place for it, once. */
static void beside_dead_letters_only_what_they_do_not_say_is_logged(void **state)
{
	static const struct {
		const char *answers, *to_trim;
		bool is_logged;
	} cases[] = {
		{ ":9\r\n:9\r\n",
				"-NOPERM this user has no permissions to run the 'ltrim' "
				"command\r\n",
				true },
		{ ":9\r\n-ERR Protocol error: invalid bulk length\r\n", "+OK\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct script s;
		void *it;

		script_init(&s, 3);
		s.settings.max_len = 5;
		s.settings.push_values = 1;
		s.settings.on_full = ON_FULL_DROP_OLDEST;
		s.keys[1].len = 0;
		s.connections[0][0] = GREETED;
		s.connections[0][1] = cases[i].answers;
		s.connections[0][2] = cases[i].to_trim;
		it = belfry_relay.open(&s.host, &s.settings);
		assert_int_equal(script_deliver(&s, it), RELAY_OK);
		assert_int_equal(s.marks[1], RELAY_REJECT);
		assert_int_equal(s.logged.len > 0, cases[i].is_logged);
		belfry_relay.close(it);
		script_finish(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_without_a_key_are_rejected_in_one_attempt),
		cmocka_unit_test(
				all_records_of_a_chosen_key_that_is_no_list_are_rejected_in_one_attempt),
		cmocka_unit_test(records_of_the_operators_own_key_wait_for_the_operator),
		cmocka_unit_test(a_rejected_record_does_not_hide_why_the_others_wait),
		cmocka_unit_test(what_is_known_to_be_bad_leaves_while_the_host_looks_for_the_rest),
		cmocka_unit_test(beside_dead_letters_only_what_they_do_not_say_is_logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
