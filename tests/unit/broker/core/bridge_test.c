/* SPDX-License-Identifier: MIT */
/*
 * What a bridge passes, and its session.
 */
#include "tests/unit/broker/core/bridge_rig.h"

static void messages_pass_out_and_in_under_their_names(void **unused)
{
	(void)unused;
	topic("a/# out 1 l/ r/");
	topic("b/# in 1 l/ r/");
	options.notification_topic = NULL;
	create();
	watch(&near, here);
	watch(&far, there);
	go_up();
	publish(here, "l/a/1", 1, false);
	publish(here, "a/1", 1, false);
	publish(there, "r/b/2", 0, false);
	publish(there, "b/2", 0, false);
	settle();
	assert_string_equal(seen(&near), "l/a/1=x a/1=x l/b/2=x ");
	assert_string_equal(seen(&far), "r/b/2=x b/2=x r/a/1=x ");
	assert_true(bridge_is_idle(bridge));
}

static void what_passes_both_ways_passes_once(void **unused)
{
	(void)unused;
	topic("# both 2");
	options.notification_topic = NULL;
	create();
	watch(&near, here);
	watch(&far, there);
	for (options.version = MQTT_3_1; options.version <= MQTT_5; options.version++) {
		bridge_destroy(bridge, true, now);
		cut();
		create();
		go_up();
		publish(here, "out", 2, false);
		publish(there, "in", 2, false);
		settle();
		assert_string_equal(seen(&near), "out=x in=x ");
		assert_string_equal(seen(&far), "in=x out=x ");
		assert_int_equal(server->is_bridge, options.version != MQTT_5);
	}
}

/* A broker that does not know what a bridge is sends back what it is sent; that ends here. */
static void what_came_back_is_not_sent_again(void **unused)
{
	(void)unused;
	topic("# both 1");
	options.notification_topic = NULL;
	options.try_private = false;
	create();
	watch(&near, here);
	watch(&far, there);
	go_up();
	assert_false(server->is_bridge);
	publish(here, "out", 1, false);
	settle();
	assert_string_equal(seen(&far), "out=x ");
	assert_string_equal(seen(&near), "out=x out=x ");
}

static void retained_messages_pass_as_retained_when_the_bridge_comes_up(void **unused)
{
	(void)unused;
	topic("a/# out 1");
	topic("b/# in 1");
	options.notification_topic = NULL;
	publish(here, "a/1", 1, true);
	publish(there, "b/1", 1, true);
	create();
	go_up();
	assert_int_equal(here->retained.count, 2);
	assert_int_equal(there->retained.count, 2);
	options.outgoing_retain = false;
	bridge_destroy(bridge, true, now);
	cut();
	create();
	go_up();
	publish(here, "a/2", 1, true);
	settle();
	assert_int_equal(here->retained.count, 3);
	assert_int_equal(there->retained.count, 2);
}

static void state_is_published_here_and_there(void **unused)
{
	(void)unused;
	topic("a out");
	watch(&near, here);
	watch(&far, there);
	create();
	assert_string_equal(seen(&near), "$SYS/broker/connection/b.host/state=0 ");
	go_up();
	assert_string_equal(seen(&near), "$SYS/broker/connection/b.host/state=1 ");
	assert_string_equal(seen(&far), "$SYS/broker/connection/b.host/state=1 ");
	cut();
	assert_string_equal(seen(&near), "$SYS/broker/connection/b.host/state=0 ");
	assert_string_equal(seen(&far), "$SYS/broker/connection/b.host/state=0 ");
	assert_int_equal(told.how, BRIDGE_LOST);
	assert_int_equal(there->retained.count, 1);
	options.notifies_local_only = true;
	bridge_destroy(bridge, true, now);
	create();
	go_up();
	assert_string_equal(seen(&far), "");
}

static void messages_wait_while_the_other_broker_is_away(void **unused)
{
	(void)unused;
	topic("# out 1");
	options.notification_topic = NULL;
	limits_here.max_queued_messages = 3;
	create();
	watch(&far, there);
	publish(here, "1", 1, false); /* before it was ever there */
	go_up();
	cut();
	publish(here, "qos0", 0, false);
	for (unsigned i = 0; i < 5; i++)
		publish(here, "2", 2, false);
	assert_int_equal(bridge_waiting(bridge), 3);
	assert_int_equal(here->counters.dropped_queue_full, 2);
	go_up();
	assert_true(told.session_present);
	assert_string_equal(seen(&far), "1=x 2=x 2=x 2=x ");
}

static void clean_session_keeps_nothing(void **unused)
{
	(void)unused;
	topic("# out 1");
	options.notification_topic = NULL;
	options.clean_start = options.local_clean_start = true;
	create();
	watch(&far, there);
	publish(here, "1", 1, false);
	go_up();
	assert_int_equal(here->sessions.count, 1);
	cut();
	assert_int_equal(here->sessions.count, 0);
	publish(here, "2", 1, false);
	go_up();
	publish(here, "3", 1, false);
	settle();
	assert_string_equal(seen(&far), "3=x ");
}

/* Everything that a message needs to pass is cut after each of its packets in turn. */
static void cut_after(unsigned packets)
{
	plug();
	while (packets > 0) {
		bool is_moving = false;

		for (unsigned way = 0; way < 2 && packets > 0; way++) {
			bool moved = way == 0 ? carry(bridged, server) : carry(server, bridged);

			packets -= moved;
			is_moving |= moved;
		}
		if (!is_moving)
			break;
	}
	cut();
}

static unsigned count_of(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

static void qos2_passes_exactly_once_across_a_cut_in_each_step(void **unused)
{
	(void)unused;
	topic("out out 2");
	topic("in in 2");
	options.notification_topic = NULL;
	for (unsigned i = 0; i < 3 * 24; i++) {
		options.version = MQTT_3_1 + i / 24;
		create();
		watch(&near, here);
		watch(&far, there);
		go_up(); /* both sessions are there */
		cut();
		publish(here, "out", 2, false);
		publish(there, "in", 2, false);
		cut_after(i % 24);
		go_up();
		assert_int_equal(count_of(seen(&far), "out=x"), 1);
		assert_int_equal(count_of(seen(&near), "in=x"), 1);
		assert_true(bridge_is_idle(bridge));
		bridge_destroy(bridge, true, now);
		bridge = NULL;
		cut();
		watcher_finish(&near);
		watcher_finish(&far);
		shard_destroy(there);
		there = shard_create(&limits_there, NULL, 9, 10);
	}
}

static void qos1_passes_at_least_once_across_a_cut_in_each_step(void **unused)
{
	(void)unused;
	topic("out out 1");
	options.notification_topic = NULL;
	for (unsigned i = 0; i < 12; i++) {
		create();
		watch(&far, there);
		go_up();
		cut();
		publish(here, "out", 1, false);
		cut_after(i);
		go_up();
		assert_in_range(count_of(seen(&far), "out=x"), 1, 2);
		assert_true(bridge_is_idle(bridge));
		bridge_destroy(bridge, true, now);
		bridge = NULL;
		cut();
		watcher_finish(&far);
	}
}

/* Its packet identifiers begin anew: a message must not be taken for one of before. */
static void session_that_the_other_broker_has_lost_is_forgotten_here(void **unused)
{
	(void)unused;
	topic("# in 2");
	options.notification_topic = NULL;
	create();
	watch(&near, here);
	plug();
	receive(bridged, BYTES("\x20\2\0\0\x90\3\xff\xff\2"));
	receive(bridged, BYTES("\x34\x06\0\1a\0\1x"));
	assert_string_equal(seen(&near), "a=x ");
	cut();
	plug();
	receive(bridged, BYTES("\x20\2\0\0\x90\3\xff\xff\2"));
	receive(bridged, BYTES("\x34\x06\0\1a\0\1y"));
	assert_string_equal(seen(&near), "a=y ");
	cut();
	plug();
	receive(bridged, BYTES("\x20\2\1\0\x90\3\xff\xff\2"));
	receive(bridged, BYTES("\x3c\x06\0\1a\0\1y"));
	assert_string_equal(seen(&near), "");
}

static void what_was_not_asked_for_is_acknowledged_and_dropped(void **unused)
{
	static struct str output;

	(void)unused;
	topic("a in 2");
	options.notification_topic = NULL;
	create();
	watch(&near, here);
	plug();
	receive(bridged, BYTES("\x20\2\0\0\x90\3\xff\xff\2"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	str_clear(&output);
	receive(bridged, BYTES("\x30\4\0\1bx\x32\6\0\1b\0\1x\x34\6\0\1b\0\2x\x34\6\0\1b\0\2x"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x40\2\0\1\x50\2\0\2\x50\2\0\2"));
	assert_string_equal(seen(&near), "");
	assert_int_equal(here->counters.dropped_unasked, 3);
	str_finish(&output);
}

static void subscriptions_do_not_take_identifiers_in_flight(void **unused)
{
	struct inflight_entry *entry;

	(void)unused;
	topic("a both 1");
	topic("b both 1");
	options.notification_topic = NULL;
	create();
	here->sessions.table->inflight.last_id = 65534; /* after many messages */
	plug();
	receive(bridged, BYTES("\x20\2\0\0"));
	assert_int_equal(bridge->requests[0].packet_id, 65535);
	assert_int_equal(bridge->requests[1].packet_id, 65534);
	receive(bridged, BYTES("\x90\3\xff\xff\1\x90\3\xff\xfe\1"));
	publish(here, "a", 1, false);
	entry = inflight_find(&here->sessions.table->inflight, 65535);
	assert_non_null(entry);
	cut();
	plug();
	receive(bridged, BYTES("\x20\2\1\0"));
	assert_int_equal(bridge->requests[0].packet_id, 65534);
	assert_int_equal(bridge->requests[1].packet_id, 65533);
}

static void lazy_bridge_is_wanted_when_enough_waits(void **unused)
{
	(void)unused;
	topic("# out 1");
	options.notification_topic = NULL;
	options.is_lazy = true;
	options.threshold = 3;
	create();
	watch(&far, there);
	publish(here, "1", 0, false);
	publish(here, "2", 1, false);
	assert_int_equal(told.wanted, 0);
	publish(here, "3", 1, false);
	assert_int_equal(told.wanted, 1);
	go_up();
	assert_string_equal(seen(&far), "1=x 2=x 3=x ");
}

static void nobody_else_gets_the_session_of_a_bridge(void **unused)
{
	static struct str output;
	struct client *thief;

	(void)unused;
	topic("# out 1");
	create();
	thief = rig_client(here, NULL, now);
	receive(thief, BYTES("\x10\x13\0\4MQTT\4\0\0\0\0\7local.b"));
	rig_drain(thief, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x20\2\0\2"));
	assert_int_equal(here->counters.refused_sessions, 0); /* no limit was reached */
	client_destroy(thief, now);
	str_finish(&output);
}

static void successor_takes_over_what_waits_and_nothing_else(void **unused)
{
	(void)unused;
	topic("a out 1");
	options.notification_topic = NULL;
	create();
	publish(here, "a", 1, false);
	bridge_destroy(bridge, false, now);
	bridge_topics_finish(&topics);
	topic("b out 1");
	topic("a in");
	create();
	assert_int_equal(bridge_waiting(bridge), 1);
	publish(here, "a", 1, false);
	publish(here, "b", 1, false);
	assert_int_equal(bridge_waiting(bridge), 2);
	bridge_destroy(bridge, true, now);
	bridge = NULL;
	assert_int_equal(here->sessions.count, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(messages_pass_out_and_in_under_their_names),
		T(what_passes_both_ways_passes_once),
		T(what_came_back_is_not_sent_again),
		T(retained_messages_pass_as_retained_when_the_bridge_comes_up),
		T(state_is_published_here_and_there),
		T(messages_wait_while_the_other_broker_is_away),
		T(clean_session_keeps_nothing),
		T(qos2_passes_exactly_once_across_a_cut_in_each_step),
		T(qos1_passes_at_least_once_across_a_cut_in_each_step),
		T(session_that_the_other_broker_has_lost_is_forgotten_here),
		T(what_was_not_asked_for_is_acknowledged_and_dropped),
		T(subscriptions_do_not_take_identifiers_in_flight),
		T(lazy_bridge_is_wanted_when_enough_waits),
		T(nobody_else_gets_the_session_of_a_bridge),
		T(successor_takes_over_what_waits_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
