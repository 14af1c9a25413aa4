/* SPDX-License-Identifier: MIT */
#include "broker/io/sys.h"

#include <stdio.h>

#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

static struct limits limits;
static struct shard *shard;
static struct reactor reactor;
static struct sys *sys;
static struct client *c;
static struct str output, seen;

/* A shard with a v3.1.1 client in memory, which has no socket: the reactor sends nothing. */
static int begin(void **unused)
{
	static const uint8_t packet[] = "\x10\x0d\0\4MQTT\4\2\0\0\0\1a";

	(void)unused;
	limits = rig_limits();
	shard = shard_create(&limits, NULL, 7, 8);
	reactor_init(&reactor, shard);
	ev_prepare_stop(reactor.loop, &reactor.prepare);
	sys = sys_create(&reactor);
	c = rig_client(shard, NULL, reactor.now);
	client_receive(c, span_of(packet, sizeof(packet) - 1), reactor.now);
	rig_drain(c, &output, SIZE_MAX, reactor.now);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	sys_destroy(sys);
	client_destroy(c, reactor.now);
	reactor_finish(&reactor);
	shard_destroy(shard);
	str_finish(&output);
	str_finish(&seen);
	return 0;
}

static void subscribe(const char *filter)
{
	struct subscribe_options options = { .qos = 0 };

	topic_tree_subscribe(&shard->topics, c->session, &c->session->subscriptions,
			span_of_text(filter), &options);
}

/* A turn of the loop, and what it has sent to the client: "TOPIC=PAYLOAD;" each. */
static const char *turn(void)
{
	struct served packet;
	size_t at = 0;

	ev_run(reactor.loop, EVRUN_NOWAIT);
	str_clear(&output);
	str_clear(&seen);
	rig_drain(c, &output, SIZE_MAX, reactor.now);
	while (rig_next(&output, &at, c->version, &packet) == 1)
		str_printf(&seen, "%.*s=%.*s;", SPAN_ARGS(packet.topic), SPAN_ARGS(packet.payload));
	return str_text(&seen);
}

static void lines_of_the_log_come_in_the_next_turn(void **unused)
{
	(void)unused;
	subscribe("$SYS/broker/log/#");
	sys_publish_log(sys, LOG_TYPE_ERROR, BYTES("1"));
	sys_publish_log(sys, LOG_TYPE_WARNING, BYTES("2"));
	sys_publish_log(sys, LOG_TYPE_NOTICE, BYTES("3"));
	sys_publish_log(sys, LOG_TYPE_INFORMATION, BYTES("4"));
	sys_publish_log(sys, LOG_TYPE_SUBSCRIBE, BYTES("5"));
	sys_publish_log(sys, LOG_TYPE_UNSUBSCRIBE, BYTES("6"));
	sys_publish_log(sys, LOG_TYPE_DEBUG, BYTES("7"));
	assert_int_equal(c->output.bytes, 0);
	assert_string_equal(turn(), "$SYS/broker/log/E=1;$SYS/broker/log/W=2;$SYS/broker/log/N=3;"
				    "$SYS/broker/log/I=4;$SYS/broker/log/M/subscribe=5;"
				    "$SYS/broker/log/M/unsubscribe=6;");
	assert_int_equal(shard->retained.count, 0);
	assert_string_equal(turn(), "");
	sys_publish_log(sys, LOG_TYPE_ERROR, BYTES("again"));
	assert_string_equal(turn(), "$SYS/broker/log/E=again;");
}

static void too_many_lines_are_dropped_and_that_is_said(void **unused)
{
	(void)unused;
	subscribe("$SYS/broker/log/W");
	for (int i = 0; i < 1234; i++)
		sys_publish_log(sys, LOG_TYPE_ERROR, BYTES("x"));
	assert_string_equal(turn(),
			"$SYS/broker/log/W=234 lines of the log were too many to be published;");
	sys_publish_log(sys, LOG_TYPE_WARNING, BYTES("again"));
	assert_string_equal(turn(), "$SYS/broker/log/W=again;");
}

static void lines_that_wait_go_with_the_broker(void **unused)
{
	(void)unused;
	sys_publish_log(sys, LOG_TYPE_ERROR, BYTES("x"));
	sys_publish_log(sys, LOG_TYPE_ERROR, BYTES("y"));
}

static void nothing_is_published_without_an_interval(void **unused)
{
	(void)unused;
	subscribe("$SYS/broker/#");
	sys_set_interval(sys, 0);
	assert_string_equal(turn(), "");
	assert_int_equal(shard->retained.count, 0);
	sys_set_interval(sys, 60);
	assert_non_null(strstr(turn(), "$SYS/broker/uptime="));
	assert_true(shard->retained.count > 60);
	sys_set_interval(sys, 60); /* a reload: nothing is published anew */
	assert_null(strstr(turn(), "$SYS/broker/version"));
}

static void figures_are_taken_once_a_second(void **unused)
{
	(void)unused;
	assert_int_equal(sys_figures(sys)->clients_connected, 1);
	assert_true(sys_figures(sys)->memory_bytes > 100000);
	assert_true(sys_figures(sys)->memory_maximum_bytes >= sys_figures(sys)->memory_bytes);
	shard->counters.bytes_sent = 77;
	reactor.now = instant_after(reactor.now, milliseconds(999));
	assert_int_not_equal(sys_figures(sys)->counters.bytes_sent, 77);
	reactor.now = instant_after(reactor.now, milliseconds(1));
	assert_int_equal(sys_figures(sys)->counters.bytes_sent, 77);
	assert_int_equal(sys_figures(sys)->uptime_seconds, 1);
}

#define test(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(lines_of_the_log_come_in_the_next_turn),
		test(too_many_lines_are_dropped_and_that_is_said),
		test(lines_that_wait_go_with_the_broker),
		test(nothing_is_published_without_an_interval),
		test(figures_are_taken_once_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
