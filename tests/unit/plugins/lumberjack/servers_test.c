/* SPDX-License-Identifier: MIT */
#include "plugins/lumberjack/servers.h"

#include "tests/unit/unit.h"

static const struct instant start = { 1000000000000 };

static struct instant later(int s)
{
	return instant_after(start, seconds(s));
}

static bool parse(struct servers *s, struct str *problem, const char *a, const char *b)
{
	char *texts[] = { (char *)(uintptr_t)a, (char *)(uintptr_t)b };
	const struct relay_list list = { texts, b != NULL ? 2 : 1 };

	return servers_parse(s, &list, problem);
}

static void hosts_stand_on_one_line_or_on_several(void **unused)
{
	struct servers s;
	struct str problem = { 0 };

	(void)unused;
	assert_true(parse(&s, &problem, "a  b:5045", "[::1]:7 "));
	assert_int_equal(s.count, 3);
	assert_string_equal(s.list[0].name, "a:5044");
	assert_string_equal(s.list[0].where.host, "a");
	assert_int_equal(s.list[0].where.port, 5044);
	assert_string_equal(s.list[1].name, "b:5045");
	assert_string_equal(s.list[2].name, "[::1]:7");
	assert_string_equal(s.list[2].where.host, "::1");
	assert_int_equal(s.list[2].where.port, 7);
	assert_int_equal(problem.len, 0);
	servers_finish(&s);
	str_finish(&problem);
}

static void what_is_no_host_is_refused_by_name(void **unused)
{
	static const char *const texts[] = { "a b:0", "b:70000", "b:x", "me@b", "1:2:3",
		"b:", "http://b" };
	struct servers s;
	struct str problem = { 0 };

	(void)unused;
	for (size_t i = 0; i < array_size(texts); i++) {
		str_clear(&problem);
		assert_false(parse(&s, &problem, texts[i], NULL));
		assert_non_null(strstr(str_text(&problem), "hosts: '"));
		assert_int_equal(s.count, 0);
	}
	str_clear(&problem);
	assert_false(parse(&s, &problem, "  ", NULL));
	str_finish(&problem);
}

static void there_is_a_bound(void **unused)
{
	struct servers s;
	struct str problem = { 0 }, many = { 0 };

	(void)unused;
	for (int i = 0; i <= SERVERS_MOST; i++)
		str_append_text(&many, "a ");
	assert_false(parse(&s, &problem, str_text(&many), NULL));
	str_truncate(&many, (size_t)SERVERS_MOST * 2);
	str_clear(&problem);
	assert_true(parse(&s, &problem, str_text(&many), NULL));
	servers_finish(&s);
	str_finish(&problem);
	str_finish(&many);
}

static void one_is_used_until_it_fails(void **unused)
{
	struct servers s;
	struct str problem = { 0 };

	(void)unused;
	assert_true(parse(&s, &problem, "a b c", NULL));
	for (int i = 0; i < 3; i++) {
		servers_begin(&s);
		assert_ptr_equal(servers_next(&s, start), &s.list[0]);
		servers_worked(&s, &s.list[0], false);
	}
	servers_failed(&s, &s.list[0], start);
	assert_ptr_equal(servers_next(&s, start), &s.list[1]);
	servers_worked(&s, &s.list[1], false);
	servers_begin(&s);
	assert_ptr_equal(servers_next(&s, later(100)), &s.list[1]); /* no way back without need */
	servers_finish(&s);
	str_finish(&problem);
}

static void each_is_tried_once_with_a_batch(void **unused)
{
	struct servers s;
	struct str problem = { 0 };

	(void)unused;
	assert_true(parse(&s, &problem, "a b c", NULL));
	for (int round = 0; round < 3; round++) { /* from the second on all of them rest */
		bool seen[3] = { false };

		servers_begin(&s);
		for (int i = 0; i < 3; i++) {
			struct server *server = servers_next(&s, start);

			assert_non_null(server);
			assert_false(seen[server - s.list]);
			seen[server - s.list] = true;
			servers_failed(&s, server, start);
		}
		assert_null(servers_next(&s, start));
	}
	servers_finish(&s);
	str_finish(&problem);
}

static void who_has_failed_rests_longer_each_time(void **unused)
{
	struct servers s;
	struct str problem = { 0 };

	(void)unused;
	assert_true(parse(&s, &problem, "a b", NULL));
	servers_failed(&s, &s.list[0], start);
	servers_failed(&s, &s.list[0], start); /* for two seconds now */
	servers_begin(&s);
	servers_worked(&s, &s.list[1], true);
	assert_int_equal(s.current, 0);
	assert_ptr_equal(servers_next(&s, later(1)), &s.list[1]);
	assert_ptr_equal(servers_next(&s, later(2)), &s.list[0]);
	for (int i = 0; i < 20; i++)
		servers_failed(&s, &s.list[0], start);
	servers_begin(&s);
	servers_worked(&s, &s.list[1], true);
	assert_ptr_equal(servers_next(&s, later(59)), &s.list[1]);
	assert_ptr_equal(servers_next(&s, later(60)), &s.list[0]);
	servers_worked(&s, &s.list[0], false); /* and is forgiven */
	servers_failed(&s, &s.list[0], start);
	servers_begin(&s);
	servers_worked(&s, &s.list[1], true);
	assert_ptr_equal(servers_next(&s, later(1)), &s.list[0]);
	servers_finish(&s);
	str_finish(&problem);
}

static void balance_goes_round(void **unused)
{
	struct servers s;
	struct str problem = { 0 };

	(void)unused;
	assert_true(parse(&s, &problem, "a b c", NULL));
	for (size_t i = 0; i < 7; i++) {
		struct server *server;

		servers_begin(&s);
		server = servers_next(&s, start);
		assert_ptr_equal(server, &s.list[i % 3]);
		servers_worked(&s, server, true);
	}
	servers_finish(&s);
	str_finish(&problem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_stand_on_one_line_or_on_several),
		cmocka_unit_test(what_is_no_host_is_refused_by_name),
		cmocka_unit_test(there_is_a_bound),
		cmocka_unit_test(one_is_used_until_it_fails),
		cmocka_unit_test(each_is_tried_once_with_a_batch),
		cmocka_unit_test(who_has_failed_rests_longer_each_time),
		cmocka_unit_test(balance_goes_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
