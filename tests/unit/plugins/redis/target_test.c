/* SPDX-License-Identifier: MIT */
#include "plugins/redis/target.h"

#include "tests/unit/unit.h"

static const struct redis_settings usual = { .url = "redis://h", .key = "k", .timeout = 10 };

static void urls_mean_servers(void **state)
{
	static const struct {
		const char *url, *user, *host;
		uint16_t port;
		uint64_t database;
		bool tls;
	} cases[] = {
		{ "redis://h", NULL, "h", 6379, 0, false },
		{ "redis://h:1/", NULL, "h", 1, 0, false },
		{ "rediss://relay@[::1]:6380/7", "relay", "::1", 6380, 7, true },
		{ "unix:/run/redis.sock", NULL, "/run/redis.sock", 0, 0, false },
		{ "unix:relay@/run/redis.sock", "relay", "/run/redis.sock", 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct redis_settings s = usual;
		struct str problem = { 0 };
		struct relay_place place;
		struct target t;

		s.url = cases[i].url;
		s.password = "secret";
		assert_true(target_read(&s, &t, &problem));
		assert_int_equal(t.server.user != NULL, cases[i].user != NULL);
		assert_int_equal(t.database, cases[i].database);
		place = target_place(&s, &t.server, t.server.scheme->tls);
		assert_string_equal(place.host != NULL ? place.host : place.path, cases[i].host);
		assert_int_equal(place.port, cases[i].port);
		assert_int_equal(place.tls, cases[i].tls);
		assert_int_equal(place.timeout_ms, 10000);
		target_finish(&t);
	}
}

static void sentinels_are_hosts_with_a_port_of_their_own(void **state)
{
	char one[] = "a", two[] = "[::1]:5";
	char *const lines[] = { one, two };
	struct redis_settings s = usual;
	struct str problem = { 0 };
	struct target t;

	(void)state;
	s.sentinels = (struct relay_list){ lines, 2 };
	s.sentinel_master = "main";
	assert_true(target_read(&s, &t, &problem));
	assert_int_equal(t.sentinel_count, 2);
	assert_int_equal(t.sentinels[0].port, 26379);
	assert_string_equal(t.sentinels[1].host, "::1");
	assert_int_equal(t.sentinels[1].port, 5);
	target_finish(&t);
}

static char bad_sentinel[] = "u@a";
static char *const bad_sentinels[] = { bad_sentinel };
static char good_sentinel[] = "a";
static char *const good_sentinels[] = { good_sentinel };

static void what_does_not_go_together_is_a_sentence(void **state)
{
	static const struct {
		struct redis_settings s;
		const char *word;
	} cases[] = {
		{ { .url = "http://h" }, "url does not start with a known scheme" },
		{ { .url = "redis://h/x" }, "number of a database" },
		{ { .url = "redis://h/1000001" }, "number of a database" },
		{ { .url = "redis://u@h" }, "password_file" },
		{ { .url = "redis://u:p@h" }, "password_file" },
		{ { .url = "redis://h", .database = 3 }, "database is for unix:" },
		{ { .url = "redis://h", .pack = 2, .mode = MODE_STREAM }, "pack" },
		{ { .url = "redis://h", .max_len = 2, .mode = MODE_CHANNEL }, "max_len" },
		{ { .url = "redis://h", .on_full = ON_FULL_DROP_OLDEST }, "max_len" },
		{ { .url = "redis://h",
				  .max_len = 2,
				  .on_full = ON_FULL_DROP_OLDEST,
				  .mode = MODE_STREAM },
				"on_full is for mode list" },
		{ { .url = "redis://h", .sentinel_master = "m" }, "sentinel HOST" },
		{ { .url = "redis://h", .sentinels = { good_sentinels, 1 } }, "sentinel_master" },
		{ { .url = "redis://h", .sentinels = { bad_sentinels, 1 }, .sentinel_master = "m" },
				"sentinel_user" },
		{ { .url = "unix:/s", .sentinels = { good_sentinels, 1 }, .sentinel_master = "m" },
				"Unix socket" },
		{ { .url = "redis://h", .sentinel_user = "u" }, "sentinel_password_file" },
	};
	char problem[RELAY_REASON] = "";

	(void)state;
	assert_true(redis_settings_check(&usual, problem));
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_false(redis_settings_check(&cases[i].s, problem));
		assert_non_null(strstr(problem, cases[i].word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_mean_servers),
		cmocka_unit_test(sentinels_are_hosts_with_a_port_of_their_own),
		cmocka_unit_test(what_does_not_go_together_is_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
