/* SPDX-License-Identifier: MIT */
/*
 * How a bridge speaks with the other broker: CONNACK, SUBACK, ping, and what may not come.
 */
#include "tests/unit/broker/core/bridge_rig.h"

static void nothing_but_a_connack_comes_first(void **unused)
{
	static const struct span first[] = { SPAN("\x30\3\0\1a"), SPAN("\x10\0"), SPAN("\x90"),
		SPAN("\xd0\0"), SPAN("\x20\2\2\0"), SPAN("\x20\3\0\0\0"), SPAN("\0\0"),
		SPAN("\x20\xff\xff\xff\x7f") };

	(void)unused;
	topic("# both 1");
	create();
	for (size_t i = 0; i < array_size(first); i++) {
		plug();
		receive(bridged, first[i]);
		assert_int_equal(bridged->state, CLIENT_CLOSING);
		assert_null(bridge->client);
		assert_int_equal(told.down, i + 1);
		assert_int_equal(told.how, BRIDGE_CLOSED);
		cut();
		assert_int_equal(told.down, i + 1);
	}
}

static void what_only_a_client_sends_ends_the_connection(void **unused)
{
	static const struct span packets[] = { SPAN("\x10\x0d\0\4MQTT\4\2\0\0\0\1w"),
		SPAN("\x20\2\0\0"), SPAN("\x82\x06\0\1\0\1#\0"), SPAN("\xa2\5\0\1\0\1#"),
		SPAN("\xc0\0"), SPAN("\x90\3\0\7\0"), SPAN("\xe0\0"), SPAN("\xf0\0") };

	(void)unused;
	topic("a out 1");
	create();
	for (size_t i = 0; i < array_size(packets); i++) {
		go_up();
		receive(bridged, packets[i]);
		assert_int_equal(bridged->state, CLIENT_CLOSING);
		assert_int_equal(told.down, i + 1);
		cut();
	}
}

static void refusal_is_told_and_learned_from(void **unused)
{
	static struct str output;

	(void)unused;
	topic("# out");
	create();
	plug();
	receive(bridged, BYTES("\x20\2\0\1"));
	assert_int_equal(told.how, BRIDGE_REFUSED);
	assert_int_equal(told.reason, MQTT_UNSUPPORTED_PROTOCOL_VERSION);
	cut();
	plug(); /* without the mark */
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_int_equal(output.text[8], 4);
	receive(bridged, BYTES("\x20\2\0\5"));
	assert_int_equal(told.reason, MQTT_NOT_AUTHORIZED);
	assert_int_equal(told.down, 2);
	str_finish(&output);
}

static void other_broker_may_take_less(void **unused)
{
	static struct str output;

	(void)unused;
	topic("# out 2");
	options.version = MQTT_5;
	options.notification_topic = NULL;
	create();
	publish(here, "long-enough-to-be-too-large", 1, false);
	for (unsigned i = 0; i < 3; i++)
		publish(here, "a", 2, true);
	plug();
	rig_drain(bridged, &output, SIZE_MAX, now);
	str_clear(&output);
	/* receive maximum 2, maximum QoS 1, no retain, packets of 16 bytes at most */
	receive(bridged, BYTES("\x20\x0f\0\0\x0c\x21\0\2\x24\1\x25\0\x27\0\0\0\x10"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x32\7\0\1a\0\1\0x\x32\7\0\1a\0\2\0x"));
	assert_int_equal(here->counters.dropped_too_large, 1);
	str_finish(&output);
}

static void exchange_of_qos2_goes_on_with_a_broker_that_takes_qos1(void **unused)
{
	static struct str output;

	(void)unused;
	topic("# out 2");
	options.version = MQTT_5;
	options.notification_topic = NULL;
	create();
	plug();
	receive(bridged, BYTES("\x20\3\0\0\0"));
	publish(here, "a", 2, false);
	cut();
	plug();
	rig_drain(bridged, &output, SIZE_MAX, now);
	str_clear(&output);
	receive(bridged, BYTES("\x20\5\0\0\2\x24\1"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x3a\7\0\1a\0\1\0x"));
	cut();
	plug();
	rig_drain(bridged, &output, SIZE_MAX, now);
	str_clear(&output);
	receive(bridged, BYTES("\x20\5\0\0\2\x24\0"));
	rig_drain(bridged, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), BYTES("\x30\5\0\1a\0x"));
	shard_work(here, now);
	assert_true(bridge_is_idle(bridge));
	str_finish(&output);
}

static void ping_goes_out_in_each_keep_alive_and_must_be_answered(void **unused)
{
	(void)unused;
	topic("# out");
	create();
	go_up();
	for (unsigned i = 0; i < 3; i++) {
		now = instant_after(now, seconds(60));
		shard_run_timers(here, now);
		assert_int_equal(bridged->output.bytes, 2);
		settle();
	}
	now = instant_after(now, seconds(60));
	shard_run_timers(here, now);
	assert_int_equal(told.down, 0);
	now = instant_after(now, seconds(60));
	shard_run_timers(here, now);
	assert_int_equal(told.down, 1);
	assert_int_equal(told.reason, MQTT_KEEP_ALIVE_TIMEOUT);
}

static void answers_are_not_waited_for_without_end(void **unused)
{
	(void)unused;
	topic("# in");
	create();
	plug();
	now = instant_after(now, seconds(BRIDGE_ANSWER_SECONDS));
	shard_run_timers(here, now);
	assert_int_equal(told.down, 1); /* no CONNACK */
	cut();
	plug();
	receive(bridged, BYTES("\x20\2\0\0"));
	now = instant_after(now, seconds(BRIDGE_ANSWER_SECONDS));
	shard_run_timers(here, now);
	assert_int_equal(told.down, 2); /* no SUBACK */
	assert_int_equal(told.up, 0);
}

static void topic_that_the_other_broker_refuses_is_told(void **unused)
{
	(void)unused;
	topic("a in");
	topic("b in");
	create();
	plug();
	receive(bridged, BYTES("\x20\2\0\0\x90\3\xff\xff\x80"));
	assert_int_equal(told.refused, 1);
	assert_int_equal(told.up, 0);
	receive(bridged, BYTES("\x90\3\xff\xfe\0"));
	assert_int_equal(told.up, 1);
	receive(bridged, BYTES("\x90\3\xff\xfe\0")); /* a second answer */
	assert_int_equal(told.down, 1);
}

static void what_passes_out_only_is_unsubscribed_there(void **unused)
{
	(void)unused;
	topic("# both");
	options.notification_topic = NULL;
	create();
	go_up();
	assert_int_equal(there->topics.subscriptions, 1);
	bridge_destroy(bridge, true, now);
	cut();
	bridge_topics_finish(&topics);
	topic("# out");
	create();
	go_up();
	assert_int_equal(there->topics.subscriptions, 1); /* as the settings have it */
	bridge_destroy(bridge, true, now);
	cut();
	options.attempt_unsubscribe = true;
	create();
	go_up();
	assert_int_equal(there->topics.subscriptions, 0);
	bridge_destroy(bridge, true, now);
	cut();
	topic("# in");
	topic("# out 1");
	create();
	go_up();
	assert_int_equal(there->topics.subscriptions, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_but_a_connack_comes_first),
		T(what_only_a_client_sends_ends_the_connection),
		T(refusal_is_told_and_learned_from),
		T(other_broker_may_take_less),
		T(exchange_of_qos2_goes_on_with_a_broker_that_takes_qos1),
		T(ping_goes_out_in_each_keep_alive_and_must_be_answered),
		T(answers_are_not_waited_for_without_end),
		T(topic_that_the_other_broker_refuses_is_told),
		T(what_passes_out_only_is_unsubscribed_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
