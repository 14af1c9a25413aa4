/* SPDX-License-Identifier: MIT */
/*
 * The plugin as a whole: several hosts, TLS, connections that were idle, settings.
 */
#include "tests/unit/plugins/lumberjack/rig.h"

static void another_host_goes_on_where_the_first_one_failed(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } },
		{ .refused = "b:1: Connection refused" }, { .answers = { ACK("\2"), ACK("\1") } } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.hosts = "a b:1 c";
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, three), RELAY_OK);
	assert_sent(&f, 1, BYTES("2W\0\0\0\2" EVENT("\1", "2") EVENT("\2", "3")));
	assert_string_equal(f.streams[1].host, "c");
	assert_int_equal(deliver(&f, one), RELAY_OK); /* and is kept */
	assert_int_equal(f.opened, 2);
	end(&f);
}

static void each_host_is_tried_once(void **unused)
{
	static const struct script scripts[] = { { .refused = "first" },
		{ .refused = "b:5044: no" } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.hosts = "a b";
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, three), RELAY_RETRY);
	assert_int_equal(f.tries, 2);
	assert_string_equal(f.outcome.reason, "b:5044: no"); /* the name stands there once */
	assert_marked(&f, 0, 0, RELAY_OK);
	end(&f);
}

static void a_connection_that_was_idle_is_opened_anew(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") }, .was_idle = true },
		{ .answers = { ACK("\1") } }, { .answers = { ACK("\1") } } };
	struct fake f;

	(void)unused;
	begin(&f, &usual, scripts);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(f.streams[0].closed);
	assert_sent(&f, 1,
			BYTES("2W\0\0\0\1"
			      "2J\0\0\0\1\0\0\0\2{}"));
	/* the second one is closed just when it is used again: that is no failure either */
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_int_equal(f.opened, 3);
	end(&f);
}

static void balance_takes_turns_and_keeps_connections(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1"), ACK("\1") } },
		{ .answers = { ACK("\1"), ACK("\1") } } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.hosts = "a b";
	given.balance = true;
	begin(&f, &given, scripts);
	for (int i = 0; i < 4; i++)
		assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_int_equal(f.opened, 2);
	assert_string_equal(f.streams[1].host, "b");
	assert_int_equal(f.streams[0].next, 2);
	assert_int_equal(f.streams[1].next, 2);
	end(&f);
}

static void tls_is_spoken_when_a_setting_says_so(void **unused)
{
	static const struct script scripts[] = { { .answers = { ACK("\1") } } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.tls = true;
	begin(&f, &given, scripts);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(f.streams[0].tls);
	end(&f);

	begin(&f, &usual, scripts);
	belfry_relay.close(f.instance);
	f.tls.cafile = "ca.crt";
	f.instance = belfry_relay.open(&f.host, f.config.text);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(f.streams[0].tls);
	end(&f);
}

static void nothing_is_begun_while_the_output_ends(void **unused)
{
	struct fake f;

	(void)unused;
	begin(&f, &usual, NULL);
	f.ends = true;
	assert_int_equal(deliver(&f, one), RELAY_RETRY);
	assert_int_equal(f.tries, 0);
	end(&f);
}

static void idle_finds_out_whether_there_is_a_server(void **unused)
{
	static const struct script scripts[] = { { .refused = "no" }, { .answers = { ACK("\1") } },
		{ .answers = { ACK("\1") }, .was_idle = true } };
	struct given given = usual;
	struct fake f;

	(void)unused;
	given.hosts = "a b";
	begin(&f, &given, scripts);
	assert_true(belfry_relay.idle(f.instance, &f.outcome));
	assert_int_equal(f.tries, 2);
	assert_true(belfry_relay.idle(f.instance, &f.outcome));
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_int_equal(f.tries, 2);
	end(&f);

	begin(&f, &usual, scripts);
	assert_false(belfry_relay.idle(f.instance, &f.outcome));
	assert_reason(&f, "a:5044: no");
	assert_false(belfry_relay.idle(f.instance, &f.outcome)); /* it rests */
	assert_reason(&f, "a:5044: no");
	assert_int_equal(f.tries, 1);
	end(&f);

	/* closed by the server, and left alone until it is needed */
	begin(&f, &usual, scripts + 2);
	assert_int_equal(deliver(&f, one), RELAY_OK);
	assert_true(belfry_relay.idle(f.instance, &f.outcome));
	assert_true(f.streams[0].closed);
	assert_int_equal(f.tries, 1);
	end(&f);
}

static void settings_are_looked_at_together(void **unused)
{
	static const struct {
		const char *hosts, *metadata, *word;
	} cases[] = { { "a b:5045 [::1]", "belfry-2.x", NULL }, { "a:b", "belfry", "hosts" },
		{ "a", "Belfry", "metadata" }, { "a", "-a", "metadata" },
		{ "a", "a b", "metadata" } };

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct given given = usual;
		char problem[RELAY_REASON] = "";
		struct fake f = { 0 };

		given.hosts = cases[i].hosts;
		given.metadata = cases[i].metadata;
		configure(&f, &given);
		assert_int_equal(belfry_relay.check(f.config.text, problem), cases[i].word == NULL);
		assert_true(cases[i].word == NULL || strstr(problem, cases[i].word) != NULL);
		str_finish(&f.config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_host_goes_on_where_the_first_one_failed),
		cmocka_unit_test(each_host_is_tried_once),
		cmocka_unit_test(a_connection_that_was_idle_is_opened_anew),
		cmocka_unit_test(balance_takes_turns_and_keeps_connections),
		cmocka_unit_test(tls_is_spoken_when_a_setting_says_so),
		cmocka_unit_test(nothing_is_begun_while_the_output_ends),
		cmocka_unit_test(idle_finds_out_whether_there_is_a_server),
		cmocka_unit_test(settings_are_looked_at_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
