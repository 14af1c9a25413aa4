/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugins/redis/script.h"

#define READONLY	"-READONLY You can't write against a read only replica.\r\n"
#define MASTER_AT(port) "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n" port "\r\n"
#define ROLE_MASTER	"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define ROLE_SLAVE	"*2\r\n$5\r\nslave\r\n$1\r\nx\r\n"

static char first_sentinel[] = "s1", second_sentinel[] = "s2";
static char *const sentinels[] = { first_sentinel, second_sentinel };

static void use_sentinels(struct script *s)
{
	s->settings.sentinels = (struct relay_list){ sentinels, 2 };
	s->settings.sentinel_master = "main";
}

static void a_connection_begins_with_who_and_where(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 1);
	s.settings.url = "redis://relay@server:7/5";
	s.settings.password = "secret";
	s.connections[0][0] = "+OK\r\n+OK\r\n+OK\r\n";
	s.connections[0][1] = ":1\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_non_null(strstr(script_sent(&s), "AUTH relay secret CLIENT SETNAME "
						"belfry:gw:out-put SELECT 5 RPUSH"));
	assert_string_equal(str_text(&s.places), "server:7 ");
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_password_without_a_user_is_the_servers(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 1);
	s.settings.password = "secret";
	s.connections[0][0] = "-WRONGPASS invalid username-password pair\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_non_null(strstr(script_sent(&s), "AUTH secret CLIENT"));
	assert_non_null(strstr(s.outcome.reason, "WRONGPASS"));
	assert_int_equal(s.outcome.retry_after_ms, 5000);
	belfry_relay.close(it);
	script_finish(&s);
}

/* With nothing left of the time: an answer in one piece is taken, one in drops is waited for no
 * more. */
static void a_server_that_answers_for_ever_has_not_answered(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 1);
	s.settings.timeout = 0;
	s.connections[0][0] = GREETED;
	s.connections[0][1] = s.connections[0][2] = ":1\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	s.drips = true;
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_non_null(strstr(s.outcome.reason, "does not answer"));
	belfry_relay.close(it);
	script_finish(&s);
}

/* "ERR unknown command 'AUTH', with args beginning with: ..." of who has renamed it. */
static void a_password_that_the_server_repeats_is_not_told(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 1);
	s.settings.url = "redis://relay@server";
	s.settings.password = "hunter2";
	s.connections[0][0] = "-ERR unknown command 'AUTH', with args beginning with: 'relay' "
			      "'hunter2' \r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_null(strstr(s.outcome.reason, "hunter2"));
	assert_non_null(strstr(s.outcome.reason, "password"));
	assert_int_equal(s.outcome.retry_after_ms, 5000);
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_sentinels_password_is_not_told_either(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 1);
	use_sentinels(&s);
	s.settings.sentinel_password = "hunter2";
	s.connections[0][0] = s.connections[1][0] = "-ERR what is hunter2\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_null(strstr(s.outcome.reason, "hunter2"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_name_that_is_not_permitted_is_no_failure(void **state)
{
	static const struct {
		const char *answer;
		enum relay_verdict verdict;
	} cases[] = {
		{ "-NOPERM this user has no permissions to run the 'client|setname' command\r\n",
				RELAY_OK },
		{ "-ERR unknown command 'CLIENT'\r\n", RELAY_OK },
		{ "-NOAUTH Authentication required.\r\n", RELAY_RETRY },
		{ "-ERR max number of clients reached\r\n", RELAY_RETRY },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct script s;
		void *it;

		script_init(&s, 1);
		s.connections[0][0] = cases[i].answer;
		s.connections[0][1] = ":1\r\n";
		it = belfry_relay.open(&s.host, &s.settings);
		assert_int_equal(script_deliver(&s, it), cases[i].verdict);
		belfry_relay.close(it);
		script_finish(&s);
	}
}

static void what_passes_keeps_the_connection_and_a_replica_does_not(void **state)
{
	static const struct {
		const char *answer;
		size_t connections;
	} cases[] = {
		{ "-OOM command not allowed\r\n", 1 },
		{ "-LOADING Redis is loading the dataset in memory\r\n", 1 },
		{ "-WRONGTYPE Operation against\r\n", 1 },
		{ READONLY, 2 },
		{ "-MASTERDOWN Link with MASTER is down\r\n", 2 },
		{ HUNG, 2 },
		{ "", 2 },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct script s;
		void *it;

		script_init(&s, 1);
		s.connections[0][0] = GREETED;
		s.connections[0][1] = cases[i].answer;
		s.connections[0][2] = ":1\r\n";
		s.connections[1][0] = GREETED;
		s.connections[1][1] = ":1\r\n";
		it = belfry_relay.open(&s.host, &s.settings);
		assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
		assert_true(strlen(s.outcome.reason) > 0);
		assert_int_equal(script_deliver(&s, it), RELAY_OK);
		assert_int_equal(s.connected, cases[i].connections);
		belfry_relay.close(it);
		script_finish(&s);
	}
}

static void a_node_that_points_to_another_is_followed_once(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 1);
	s.connections[0][0] = GREETED;
	s.connections[0][1] = "-MOVED 3999 127.0.0.1:7001\r\n";
	s.connections[1][0] = GREETED;
	s.connections[1][1] = ":1\r\n";
	s.connections[1][2] = "-MOVED 3999 127.0.0.1:7002\r\n";
	s.connections[2][0] = GREETED;
	s.connections[2][1] = ":1\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_int_equal(s.outcome.retry_after_ms, 1);
	assert_non_null(strstr(str_text(&s.logged), "127.0.0.1 port 7001"));
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_non_null(strstr(s.outcome.reason, "hash tag"));
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_string_equal(str_text(&s.places), "server:6379 127.0.0.1:7001 server:6379 ");
	belfry_relay.close(it);
	script_finish(&s);
}

static void sentinels_are_asked_until_one_knows(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 1);
	use_sentinels(&s);
	s.settings.sentinel_password = "shh";
	s.connections[0][0] = NULL; /* s1 is down */
	s.connections[1][0] = "+OK\r\n" MASTER_AT("7001");
	s.connections[2][0] = "+OK\r\n" ROLE_MASTER;
	s.connections[2][1] = READONLY; /* it has become a replica */
	s.connections[3][0] = "+OK\r\n" MASTER_AT("7002");
	s.connections[4][0] = "+OK\r\n" ROLE_MASTER;
	s.connections[4][1] = ":1\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_non_null(strstr(script_sent(&s), "AUTH shh SENTINEL get-master-addr-by-name main "
						"CLIENT SETNAME belfry:gw:out-put ROLE RPUSH"));
	assert_int_equal(script_deliver(&s, it), RELAY_OK);
	assert_string_equal(str_text(&s.places),
			"s1:26379 s2:26379 127.0.0.1:7001 s2:26379 127.0.0.1:7002 ");
	assert_non_null(strstr(str_text(&s.logged), "the master of main is 127.0.0.1 port 7002"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_master_that_says_it_is_none_is_not_written_to(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 1);
	use_sentinels(&s);
	s.connections[0][0] = MASTER_AT("7001");
	s.connections[1][0] = "+OK\r\n" ROLE_SLAVE;
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_null(strstr(script_sent(&s), "RPUSH"));
	assert_non_null(strstr(s.outcome.reason, "fail-over"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void a_master_nobody_knows_is_told(void **state)
{
	struct script s;
	void *it;

	(void)state;
	script_init(&s, 1);
	use_sentinels(&s);
	s.connections[0][0] = "*-1\r\n";
	s.connections[1][0] = "*-1\r\n";
	it = belfry_relay.open(&s.host, &s.settings);
	assert_int_equal(script_deliver(&s, it), RELAY_RETRY);
	assert_non_null(strstr(s.outcome.reason, "knows no master main"));
	belfry_relay.close(it);
	script_finish(&s);
}

static void an_idle_connection_is_tried_after_half_a_minute(void **state)
{
	struct connection c;
	struct failure f;
	struct script s;

	(void)state;
	script_init(&s, 0);
	s.connections[0][0] = GREETED;
	s.connections[0][1] = "+PONG\r\n";
	s.connections[0][2] = HUNG;
	s.connections[1][0] = GREETED;
	assert_true(connection_init(&c, &s.host, &s.settings));
	assert_true(connection_alive(&c, &f));
	str_clear(&s.sent);
	assert_true(connection_alive(&c, &f));
	assert_int_equal(s.sent.len, 0);
	c.used = instant_after(c.used, seconds(-31));
	assert_true(connection_alive(&c, &f));
	assert_string_equal(script_sent(&s), "PING");
	c.used = instant_after(c.used, seconds(-31));
	assert_false(connection_alive(&c, &f));
	assert_non_null(strstr(f.reason, "does not answer"));
	assert_true(connection_alive(&c, &f)); /* connected anew, in advance */
	assert_int_equal(s.connected, 2);
	connection_finish(&c);
	script_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_begins_with_who_and_where),
		cmocka_unit_test(a_password_without_a_user_is_the_servers),
		cmocka_unit_test(a_server_that_answers_for_ever_has_not_answered),
		cmocka_unit_test(a_password_that_the_server_repeats_is_not_told),
		cmocka_unit_test(a_sentinels_password_is_not_told_either),
		cmocka_unit_test(a_name_that_is_not_permitted_is_no_failure),
		cmocka_unit_test(what_passes_keeps_the_connection_and_a_replica_does_not),
		cmocka_unit_test(a_node_that_points_to_another_is_followed_once),
		cmocka_unit_test(sentinels_are_asked_until_one_knows),
		cmocka_unit_test(a_master_that_says_it_is_none_is_not_written_to),
		cmocka_unit_test(a_master_nobody_knows_is_told),
		cmocka_unit_test(an_idle_connection_is_tried_after_half_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
