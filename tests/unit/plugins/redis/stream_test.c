/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugins/redis/script.h"

#define OLD   "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n"
#define ADDED "$6\r\n1000-7\r\n"
/* An entry whose field id is `id`, of four bytes. */
#define ENTRY(id)                                                                                  \
	"*1\r\n*2\r\n$6\r\n1000-7\r\n*6\r\n$2\r\nid\r\n$4\r\n" id                                  \
	"\r\n$4\r\ndata\r\n$1\r\nx\r\n$5\r\ntopic\r\n$1\r\nt\r\n"

static void *open_stream(struct script *s, size_t count)
{
	script_init(s, count);
	s->settings.mode = MODE_STREAM;
	s->connections[0][0] = GREETED;
	return belfry_relay.open(&s->host, &s->settings);
}

static void the_id_is_made_of_time_and_number(void **state)
{
	struct script s;
	void *it = open_stream(&s, 2);

	(void)state;
	s.connections[0][1] = ADDED ADDED;
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_non_null(strstr(script_sent(&s), "XADD k 1000-7 id id-0 data {\"n\":0} topic t "
						"XADD k 1001-8 id id-1 data {\"n\":1} topic t"));
	assert_int_equal(s.counted[COUNT_PUSHED], 2);
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_record_that_is_there_already_is_not_added_again(void **state)
{
	struct script s;
	void *it = open_stream(&s, 2);

	(void)state;
	s.connections[0][1] = OLD ADDED;
	s.connections[0][2] = ENTRY("id-0");
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_non_null(strstr(script_sent(&s), "topic t XRANGE k 1000-7 1000-7"));
	assert_int_equal(s.counted[COUNT_REPEATED], 1);
	assert_int_equal(s.counted[COUNT_PUSHED], 1);
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_record_whose_id_is_not_there_gets_one_of_the_servers(void **state)
{
	static const char *const found[] = { "*0\r\n", ENTRY("id-9"), "*1\r\n$1\r\nx\r\n" };

	(void)state;
	for (size_t i = 0; i < array_size(found); i++) {
		struct script s;
		void *it = open_stream(&s, 1);

		s.connections[0][1] = OLD;
		s.connections[0][2] = found[i];
		s.connections[0][3] = ADDED;
		assert_int_equal(script_deliver(&s, it), RELAY_OK);
		assert_non_null(strstr(script_sent(&s), "XRANGE k 1000-7 1000-7 XADD k * id id-0"));
		assert_int_equal(s.counted[COUNT_RENUMBERED], 1);
		assert_int_equal(s.counted[COUNT_PUSHED], 1);
		belfry_relay.close(it);
		script_finish(&s);
	}
}

static void what_could_not_be_looked_up_is_sent_again(void **state)
{
	struct script s;
	void *it = open_stream(&s, 2);

	(void)state;
	s.connections[0][1] = ADDED OLD;
	s.connections[0][2] =
			"-NOPERM this user has no permissions to run the 'xrange' command\r\n";
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_int_equal(s.marks[0], RELAY_OK);
	assert_int_equal(s.marks[1], -1);
	assert_non_null(strstr(s.outcome.reason, "xrange"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void the_server_numbers_when_told_to_and_cuts_at_max_len(void **state)
{
	struct script s;
	void *it = open_stream(&s, 1);

	(void)state;
	s.settings.stream_id = STREAM_ID_AUTO;
	s.settings.max_len = 100;
	s.connections[0][1] = ADDED;
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_non_null(strstr(
			script_sent(&s), "XADD k MAXLEN ~ 100 * id id-0 data {\"n\":0} topic t"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void entries_of_a_chosen_key_that_is_no_stream_are_rejected_in_one_attempt(void **state)
{
	struct script s;
	void *it = open_stream(&s, 3);

	(void)state;
	s.settings.key = "${topic[1]}";
	s.keys[1] = (struct relay_text){ "ours", 4 };
	s.connections[0][1] = WRONGTYPE ADDED OLD;
	s.connections[0][2] = WRONGTYPE; /* XRANGE: it has become something else meanwhile */
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_int_equal(s.marks[0], RELAY_REJECT);
	assert_int_equal(s.marks[1], -1);
	assert_int_equal(s.marks[2], RELAY_REJECT);
	assert_non_null(strstr(s.reasons[0], "(k)"));
	assert_non_null(strstr(s.reasons[2], "(k)"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void an_entry_that_is_too_long_is_rejected_by_name(void **state)
{
	struct script s;
	void *it = open_stream(&s, 3);

	(void)state;
	s.connections[0][1] = ADDED "-ERR Protocol error: invalid bulk length\r\n";
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_int_equal(s.marks[0], RELAY_OK);
	assert_int_equal(s.marks[1], RELAY_REJECT);
	assert_int_equal(s.marks[2], -1);
	assert_non_null(strstr(s.reasons[1], "proto-max-bulk-len"));
	belfry_relay.close(it);
	script_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_id_is_made_of_time_and_number),
		cmocka_unit_test(a_record_that_is_there_already_is_not_added_again),
		cmocka_unit_test(a_record_whose_id_is_not_there_gets_one_of_the_servers),
		cmocka_unit_test(what_could_not_be_looked_up_is_sent_again),
		cmocka_unit_test(the_server_numbers_when_told_to_and_cuts_at_max_len),
		cmocka_unit_test(
				entries_of_a_chosen_key_that_is_no_stream_are_rejected_in_one_attempt),
		cmocka_unit_test(an_entry_that_is_too_long_is_rejected_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
