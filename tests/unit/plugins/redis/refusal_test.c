/* SPDX-License-Identifier: MIT */
#include "plugins/redis/refusal.h"

#include "tests/unit/unit.h"

/* The words of redis-server 7.0. */
static void each_error_has_its_class(void **state)
{
	static const struct {
		const char *error;
		enum refusal kind;
	} cases[] = {
		{ "LOADING Redis is loading the dataset in memory", REFUSAL_PASSES },
		{ "TRYAGAIN Multiple keys request during rehashing of slot", REFUSAL_PASSES },
		{ "ASK 3999 127.0.0.1:6381", REFUSAL_PASSES },
		{ "CLUSTERDOWN Hash slot not served", REFUSAL_PASSES },
		{ "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
		  "NOSAVE.",
				REFUSAL_PASSES },
		{ "OOM command not allowed when used memory > 'maxmemory'.", REFUSAL_PASSES },
		{ "MISCONF Redis is configured to save RDB snapshots, but it's currently unable "
		  "to persist on disk.",
				REFUSAL_PASSES },
		{ "ERR max number of clients reached", REFUSAL_PASSES },
		{ "NOREPLICAS Not enough good replicas to write.", REFUSAL_ELSEWHERE },
		{ "READONLY You can't write against a read only replica.", REFUSAL_ELSEWHERE },
		{ "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
		  "'no'.",
				REFUSAL_ELSEWHERE },
		{ "MOVED 3999 127.0.0.1:6381", REFUSAL_MOVED },
		{ "NOAUTH Authentication required.", REFUSAL_SETTINGS },
		{ "WRONGPASS invalid username-password pair or user is disabled.",
				REFUSAL_SETTINGS },
		{ "ERR invalid password", REFUSAL_SETTINGS },
		{ "NOPERM this user has no permissions to run the 'rpush' command",
				REFUSAL_SETTINGS },
		{ "NOPERM this user has no permissions to access one of the keys used as "
		  "arguments",
				REFUSAL_KEY },
		{ "NOPERM No permissions to access a key", REFUSAL_KEY },
		{ "WRONGTYPE Operation against a key holding the wrong kind of value",
				REFUSAL_KEY },
		{ "ERR unknown command 'XADD', with args beginning with: ", REFUSAL_SETTINGS },
		{ "ERR DB index is out of range", REFUSAL_SETTINGS },
		{ "ERR something new", REFUSAL_SETTINGS },
		{ "", REFUSAL_SETTINGS },
		{ "ERR Protocol error: invalid bulk length", REFUSAL_RECORD },
		{ "ERR The ID specified in XADD is equal or smaller than the target stream top "
		  "item",
				REFUSAL_OLD_ID },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct failure f = refusal_failure(span_of_text(cases[i].error));

		assert_int_equal(f.kind, cases[i].kind);
		assert_true(strlen(f.reason) >= strlen("the server says "));
		assert_int_not_equal(f.reason[strlen(f.reason) - 1], '.');
	}
}

static void the_reason_holds_the_words_and_the_remedy(void **state)
{
	(void)state;
	assert_string_equal(refusal_failure(BYTES("NOAUTH Authentication required.")).reason,
			"the server says NOAUTH Authentication required; set password_file");
	assert_string_equal(refusal_failure(BYTES("LOADING data...\r\n")).reason,
			"the server says LOADING data");
}

static void words_are_fit_for_a_log_and_short(void **state)
{
	char words[2000];
	struct failure f;

	(void)state;
	memset(words, '\x1b', sizeof(words));
	memcpy(words, "WRONGTYPE ", 10);
	f = refusal_failure(span_of(words, sizeof(words)));
	assert_int_equal(f.kind, REFUSAL_KEY);
	assert_null(strchr(f.reason, '\x1b'));
	assert_non_null(strstr(f.reason, "\\x1b"));
}

static void where_a_cluster_points_to_is_read(void **state)
{
	static const struct {
		const char *error, *host; /* NULL: nowhere */
		uint16_t port;
	} cases[] = {
		{ "MOVED 3999 127.0.0.1:6381", "127.0.0.1", 6381 },
		{ "MOVED 3999 ::1:6381", "::1", 6381 },
		{ "MOVED 1 :6381", "", 6381 },
		{ "MOVED 1 host.example:1", "host.example", 1 },
		{ "MOVED 1 host", NULL, 0 },
		{ "MOVED 1 host:", NULL, 0 },
		{ "MOVED 1 host:0", NULL, 0 },
		{ "MOVED 1 host:65536", NULL, 0 },
		{ "MOVED 1", NULL, 0 },
		{ "MOVED", NULL, 0 },
		{ "", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct span host;
		uint16_t port;
		bool ok = refusal_moved_to(span_of_text(cases[i].error), &host, &port);

		assert_int_equal(ok, cases[i].host != NULL);
		if (!ok)
			continue;
		assert_span_text(host, cases[i].host);
		assert_int_equal(port, cases[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_has_its_class),
		cmocka_unit_test(the_reason_holds_the_words_and_the_remedy),
		cmocka_unit_test(words_are_fit_for_a_log_and_short),
		cmocka_unit_test(where_a_cluster_points_to_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
