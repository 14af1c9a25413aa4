/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugins/redis/script.h"

#define GREETING "CLIENT SETNAME belfry:gw:out-put "

static void records_of_one_key_are_one_push(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 4);
	s.settings.push_values = 2;
	s.keys[3] = (struct relay_text){ "other", 5 };
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":2\r\n:3\r\n:1\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_string_equal(script_sent(&s), GREETING
			"RPUSH k {\"n\":0} {\"n\":1} RPUSH k {\"n\":2} RPUSH other {\"n\":3}");
	assert_int_equal(s.counted[COUNT_PUSHED], 4);
	assert_int_equal(s.counted[COUNT_LIST_LENGTH], 3);
	assert_int_equal(s.marks[0], -1);
	belfry_relay.close(it);
	script_finish(&s);
}

static void packed_records_are_json_arrays(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 3);
	s.settings.pack = 2;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":2\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_non_null(strstr(str_text(&s.sent),
			"*4\r\n$5\r\nRPUSH\r\n$1\r\nk\r\n$17\r\n"
			"[{\"n\":0},{\"n\":1}]\r\n$9\r\n[{\"n\":2}]\r\n"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_payload_does_not_leave_its_place_in_the_array(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 3);
	s.settings.pack = 3;
	s.records[0].text = (struct relay_text){ "1],[2", 5 };
	s.records[2].text = (struct relay_text){ "no JSON", 7 };
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":1\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_non_null(strstr(str_text(&s.sent), "[\"1],[2\",{\"n\":1},\"no JSON\"]\r\n"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void keys_that_publishers_choose_are_warned_of_where_a_full_list_blocks(void **state)
{
	static const struct {
		const char *key;
		uint64_t max_len;
		int on_full;
		bool warns;
	} cases[] = {
		{ "logs-${topic[1]}", 5, ON_FULL_BLOCK, true },
		{ "logs-${topic[1]}", 5, ON_FULL_DROP_OLDEST, false },
		{ "logs-${topic[1]}", 0, ON_FULL_BLOCK, false },
		{ "logs-${time:%F}", 5, ON_FULL_BLOCK, false },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct script s;

		script_init(&s, 1);
		s.settings.key = cases[i].key;
		s.settings.max_len = cases[i].max_len;
		s.settings.on_full = cases[i].on_full;
		belfry_relay.close(belfry_relay.open(&s.host, &s.settings));
		assert_int_equal(strstr(str_text(&s.logged), "holds up") != NULL, cases[i].warns);
		script_finish(&s);
	}
}

static void what_was_answered_before_a_cut_is_not_sent_again(void **state)
{
	static const char *const ends[] = { ":1\r\n:2\r\n",
		":1\r\n:2\r\n:", ":1\r\n:2\r\n+odd\r\n" };

	(void)state;
	for (size_t i = 0; i < array_size(ends); i++) {
		struct script s;
		void *it;

		script_init(&s, 4);
		s.settings.push_values = 1;
		s.connections[0][0] = GREETED;
		s.connections[0][1] = ends[i];
		it = belfry_relay.open(&s.host, &s.settings);
		assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
		assert_int_equal(s.marks[0], RELAY_OK);
		assert_int_equal(s.marks[1], RELAY_OK);
		assert_int_equal(s.marks[2], -1);
		assert_int_equal(s.marks[3], -1);
		assert_int_equal(s.counted[COUNT_PUSHED], 2);
		assert_true(strlen(s.outcome.reason) > 0);
		belfry_relay.close(it);
		script_finish(&s);
	}
}

static void what_a_server_said_before_it_hung_up_on_a_send_is_read(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 3);
	s.settings.push_values = 1;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":1\r\n-ERR Protocol error: invalid bulk length\r\n";
	s.send_result = -EPIPE;
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_int_equal(s.marks[0], RELAY_OK);
	assert_int_equal(s.marks[1], RELAY_REJECT);
	assert_int_equal(s.marks[2], -1);
	assert_non_null(strstr(s.reasons[1], "proto-max-bulk-len"));
	/* It is also why the server hung up, and the others have to wait. */
	assert_non_null(strstr(s.outcome.reason, "proto-max-bulk-len"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void of_a_push_with_one_that_is_too_long_the_host_finds_it(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 4);
	s.settings.push_values = 2;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = "-ERR Protocol error: invalid bulk length\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_REJECT);
	assert_int_equal(s.marks[0], -1);
	assert_int_equal(s.marks[1], -1);
	assert_int_equal(s.marks[2], RELAY_RETRY);
	assert_int_equal(s.marks[3], RELAY_RETRY);
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_full_list_is_asked_and_waited_for(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 2);
	s.settings.max_len = 5;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":5\r\n"; /* full with these */
	s.connections[0][2] = ":5\r\n"; /* LLEN */
	s.connections[0][3] = ":4\r\n"; /* LLEN */
	s.connections[0][4] = ":6\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_string_equal(script_sent(&s), "LLEN k");
	assert_non_null(strstr(s.outcome.reason, "max_len"));
	assert_int_equal(s.outcome.retry_after_ms, 500);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_string_equal(script_sent(&s), "LLEN k RPUSH k {\"n\":0} {\"n\":1}");
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_length_that_may_not_be_asked_is_told_and_no_record_is_to_blame(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 2);
	s.settings.key = "${topic[1]}";
	s.settings.max_len = 5;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":5\r\n";
	s.connections[0][2] = "-NOPERM No permissions to access a key\r\n"; /* LLEN */
	s.connections[0][3] = ":6\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	str_clear(&s.logged);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_int_equal(s.marks[0], -1);
	assert_non_null(strstr(str_text(&s.logged), "NOPERM"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void only_what_goes_to_a_full_list_waits(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 2);
	s.settings.max_len = 5;
	s.keys[1] = (struct relay_text){ "o", 1 };
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":5\r\n:1\r\n";
	s.connections[0][2] = ":5\r\n";
	s.connections[0][3] = ":2\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_int_equal(s.marks[0], -1);
	assert_int_equal(s.marks[1], RELAY_OK);
	belfry_relay.close(it);
	script_finish(&s);
}

static void drop_newest_drops_what_comes_while_it_is_full(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 2);
	s.settings.max_len = 5;
	s.settings.on_full = ON_FULL_DROP_NEWEST;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":6\r\n";
	s.connections[0][2] = ":6\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_string_equal(script_sent(&s), "LLEN k");
	assert_int_equal(s.counted[COUNT_DROPPED_FULL], 2);
	assert_int_equal(s.counted[COUNT_PUSHED], 2);
	belfry_relay.close(it);
	script_finish(&s);
}

/* A full list that nobody could be asked about may have been read meanwhile. */
static void nothing_is_dropped_or_held_by_a_length_that_is_not_known(void **state)
{
	static const int policies[] = { ON_FULL_BLOCK, ON_FULL_DROP_NEWEST };
	static const char *const lengths[] = { HUNG, ":", "" };

	(void)state;
	for (size_t i = 0; i < array_size(policies) * array_size(lengths); i++) {
		struct script s;
		void *it;

		script_init(&s, 2);
		s.settings.max_len = 2;
		s.settings.on_full = policies[i / array_size(lengths)];
		s.connections[0][0] = GREETED;
		s.connections[0][1] = ":2\r\n"; /* full with these */
		s.connections[0][2] = lengths[i % array_size(lengths)];
		s.connections[1][0] = GREETED;
		s.connections[1][1] = ":0\r\n"; /* LLEN */
		s.connections[1][2] = ":2\r\n";
		it = belfry_relay.open(&s.host, &s.settings);
		assert_int_equal(script_deliver(&s, it), RELAY_OK);
		assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
		assert_string_equal(script_sent(&s), "LLEN k");
		assert_int_equal(s.marks[0], -1);
		assert_int_equal(s.marks[1], -1);
		assert_int_equal(s.counted[COUNT_DROPPED_FULL], 0);
		assert_null(strstr(s.outcome.reason, "max_len"));
		assert_int_equal(s.outcome.retry_after_ms, 0);
		assert_int_equal(script_deliver(&s, it), RELAY_OK);
		assert_string_equal(script_sent(&s), GREETING "LLEN k RPUSH k {\"n\":0} {\"n\":1}");
		belfry_relay.close(it);
		script_finish(&s);
	}
}

static void drop_oldest_cuts_off_the_head(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 2);
	s.settings.max_len = 5;
	s.settings.push_values = 1;
	s.settings.on_full = ON_FULL_DROP_OLDEST;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":6\r\n:7\r\n";
	s.connections[0][2] = "+OK\r\n";
	s.connections[0][3] = ":5\r\n:5\r\n";
	s.connections[0][4] = ":6\r\n:7\r\n";
	s.connections[0][5] = "-NOPERM this user has no permissions to run the 'ltrim' command\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_string_equal(script_sent(&s),
			GREETING "RPUSH k {\"n\":0} RPUSH k {\"n\":1} LTRIM k -5 -1");
	assert_int_equal(s.counted[COUNT_TRIMMED], 2);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	/* What has arrived has arrived; that it cannot be cut is told. */
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_non_null(strstr(str_text(&s.logged), "NOPERM"));
	assert_int_equal(s.counted[COUNT_TRIMMED], 2);
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_channel_nobody_listens_to_is_counted(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 2);
	s.settings.mode = MODE_CHANNEL;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = ":0\r\n:3\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_string_equal(script_sent(&s), GREETING "PUBLISH k {\"n\":0} PUBLISH k {\"n\":1}");
	assert_int_equal(s.counted[COUNT_NO_SUBSCRIBERS], 1);
	assert_int_equal(s.counted[COUNT_PUSHED], 2);
	belfry_relay.close(it);
	script_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_one_key_are_one_push),
		cmocka_unit_test(packed_records_are_json_arrays),
		cmocka_unit_test(
				keys_that_publishers_choose_are_warned_of_where_a_full_list_blocks),
		cmocka_unit_test(a_payload_does_not_leave_its_place_in_the_array),
		cmocka_unit_test(what_was_answered_before_a_cut_is_not_sent_again),
		cmocka_unit_test(what_a_server_said_before_it_hung_up_on_a_send_is_read),
		cmocka_unit_test(of_a_push_with_one_that_is_too_long_the_host_finds_it),
		cmocka_unit_test(a_full_list_is_asked_and_waited_for),
		cmocka_unit_test(a_length_that_may_not_be_asked_is_told_and_no_record_is_to_blame),
		cmocka_unit_test(only_what_goes_to_a_full_list_waits),
		cmocka_unit_test(drop_newest_drops_what_comes_while_it_is_full),
		cmocka_unit_test(nothing_is_dropped_or_held_by_a_length_that_is_not_known),
		cmocka_unit_test(drop_oldest_cuts_off_the_head),
		cmocka_unit_test(a_channel_nobody_listens_to_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
