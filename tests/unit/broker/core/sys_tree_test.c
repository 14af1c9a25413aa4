/* SPDX-License-Identifier: MIT */
#include "broker/core/sys_tree.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static struct sys_tree tree;
static struct figures figures;
static struct instant now;
static struct str sent; /* "TOPIC=TEXT;" each */

static int begin(void **unused)
{
	(void)unused;
	tree = (struct sys_tree){ 0 };
	figures = (struct figures){ 0 };
	now = (struct instant){ 5000000000 };
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	sys_tree_finish(&tree);
	str_finish(&sent);
	return 0;
}

static void note(void *owner, struct span topic, struct span text)
{
	assert_ptr_equal(owner, &now);
	str_printf(&sent, "%.*s=%.*s;", SPAN_ARGS(topic), SPAN_ARGS(text));
}

/* What an update publishes `after` so many seconds. */
static const char *update_with(int64_t after, const char *backlog)
{
	str_clear(&sent);
	now = instant_after(now, seconds(after));
	sys_tree_update(&tree, &figures, span_of_text(backlog), now, &now, note);
	return str_text(&sent);
}

static const char *update(int64_t after)
{
	return update_with(after, "[]");
}

static void assert_sent(const char *what)
{
	if (strstr(str_text(&sent), what) == NULL)
		fail_msg("no '%s' in '%s'", what, str_text(&sent));
}

static void everything_is_published_at_first(void **unused)
{
	(void)unused;
	update(0);
	assert_sent("$SYS/broker/version=belfry-broker version " BELFRY_VERSION ";");
	assert_sent("$SYS/broker/uptime=0 seconds;");
	assert_sent("$SYS/broker/clients/maximum=0;");
	assert_sent("$SYS/broker/clients/connected=0;$SYS/broker/clients/active=0;");
	assert_sent("$SYS/broker/retained messages/count=0;");
	assert_sent("$SYS/broker/load/messages/received/1min=0.00;");
	assert_sent("$SYS/broker/load/connections/15min=0.00;");
	assert_sent("$SYS/broker/belfry/backlog=[];");
	for (size_t i = 0; i < metric_count; i++) {
		char line[128];

		snprintf(line, sizeof(line), "$SYS/broker/%s=0%s;", metrics[i].topic,
				metrics[i].type == METRIC_SECONDS ? " seconds" : "");
		assert_sent(line);
	}
}

static void only_what_has_changed_is_published_later(void **unused)
{
	(void)unused;
	update(0);
	assert_string_equal(update(10), "");
	figures.uptime_seconds = 20;
	figures.clients_connected = 2;
	assert_string_equal(update(10),
			"$SYS/broker/uptime=20 seconds;"
			"$SYS/broker/clients/connected=2;$SYS/broker/clients/active=2;");
	assert_string_equal(update(10), "");
	figures.clients_connected = 1;
	assert_string_equal(update(10),
			"$SYS/broker/clients/connected=1;$SYS/broker/clients/active=1;");
}

static void the_backlog_is_published_when_it_changes(void **unused)
{
	(void)unused;
	update(0);
	assert_string_equal(update_with(10, "[1]"), "$SYS/broker/belfry/backlog=[1];");
	assert_string_equal(update_with(10, "[1]"), "");
	assert_string_equal(update_with(10, "[]"), "$SYS/broker/belfry/backlog=[];");
}

/*
 * By hand: 100 in 10 s are 600 a minute.
 *   1 min:  600 - 600 exp(-10/60)  = 600 - 600 * 0.8464817 = 92.11
 *   5 min:  600 - 600 exp(-10/300) = 600 - 600 * 0.9672161 = 19.67
 *   15 min: 600 - 600 exp(-10/900) = 600 - 600 * 0.9889504 =  6.63
 * and 60 s of silence later 92.11 * exp(-1) = 33.89, 19.67 * exp(-0.2) = 16.10,
 * 6.63 * exp(-1/15) = 6.20.
 */
static void load_averages_are_mosquittos(void **unused)
{
	(void)unused;
	update(0);
	figures.publish_dropped = 100;
	assert_string_equal(update(10), "$SYS/broker/load/publish/dropped/1min=92.11;"
					"$SYS/broker/load/publish/dropped/5min=19.67;"
					"$SYS/broker/load/publish/dropped/15min=6.63;"
					"$SYS/broker/publish/messages/dropped=100;");
	assert_string_equal(update(60), "$SYS/broker/load/publish/dropped/1min=33.89;"
					"$SYS/broker/load/publish/dropped/5min=16.10;"
					"$SYS/broker/load/publish/dropped/15min=6.20;");
}

static void a_steady_load_is_the_growth_of_a_minute(void **unused)
{
	(void)unused;
	update(0);
	for (int i = 0; i < 1000; i++) {
		figures.counters.bytes_received += 50;
		update(10);
	}
	assert_float_equal(tree.loads[5][0], 300, 0.01);
	assert_float_equal(tree.loads[5][1], 300, 0.01);
	assert_float_equal(tree.loads[5][2], 300, 0.01);
	/* It does not move any more: only the counter is told. */
	figures.counters.bytes_received += 50;
	assert_string_equal(update(10), "$SYS/broker/bytes/received=50050;");
}

static void each_load_belongs_to_its_counter(void **unused)
{
	static const struct {
		const char *load;
		uint64_t *counter;
	} pairs[] = {
		{ "load/messages/received", &figures.counters.packets_received },
		{ "load/messages/sent", &figures.counters.packets_sent },
		{ "load/publish/dropped", &figures.publish_dropped },
		{ "load/publish/received", &figures.counters.publish_received },
		{ "load/publish/sent", &figures.counters.publish_sent },
		{ "load/bytes/received", &figures.counters.bytes_received },
		{ "load/bytes/sent", &figures.counters.bytes_sent },
		{ "load/sockets", &figures.counters.sockets_opened },
		{ "load/connections", &figures.counters.connects_received },
	};

	(void)unused;
	assert_int_equal(array_size(pairs), SYS_LOADS);
	for (size_t i = 0; i < array_size(pairs); i++) {
		char line[128];

		end(NULL);
		begin(NULL);
		update(0);
		*pairs[i].counter = 100;
		update(10);
		snprintf(line, sizeof(line), "$SYS/broker/%s/1min=92.11;", pairs[i].load);
		assert_sent(line);
	}
}

static void no_time_has_passed(void **unused)
{
	(void)unused;
	update(0);
	figures.counters.bytes_sent = 7;
	assert_string_equal(update(0), "$SYS/broker/bytes/sent=7;");
	assert_string_equal(update(10), "");
}

#define test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(everything_is_published_at_first),
		test(only_what_has_changed_is_published_later),
		test(the_backlog_is_published_when_it_changes),
		test(load_averages_are_mosquittos),
		test(a_steady_load_is_the_growth_of_a_minute),
		test(each_load_belongs_to_its_counter),
		test(no_time_has_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
