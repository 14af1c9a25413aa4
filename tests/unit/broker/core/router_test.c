/* SPDX-License-Identifier: MIT */
#include "broker/core/router.h"

#include <stdio.h>

#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

static struct limits limits;
static struct shard *shard;
static struct instant now;
static struct client *c;
static struct str output;
static unsigned told_dropped;

static void on_dropped(void *owner, const struct session *s)
{
	(void)owner;
	(void)s;
	told_dropped++;
}

/* A v5 client "a" with session, receive maximum and maximum packet size. */
static struct client *join(uint8_t receive_maximum, uint8_t packet_size)
{
	uint8_t packet[] = "\x10\x1b\0\4MQTT\5\0\0\0\x0d\x11\0\0\0\x64\x21\0\0\x27\0\0\0\0\0\1a";
	struct client *client = rig_client(shard, NULL, now);

	packet[20] = receive_maximum;
	packet[25] = packet_size;
	assert_int_equal(client_receive(client, span_of(packet, sizeof(packet) - 1), now).consumed,
			sizeof(packet) - 1);
	assert_int_equal(client->state, CLIENT_CONNECTED);
	return client;
}

static int begin(void **unused)
{
	struct core_observer observer = { .dropped = on_dropped };

	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, &observer, 7, 8);
	c = join(20, 200);
	told_dropped = 0;
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	client_destroy(c, now);
	str_finish(&output);
	shard_destroy(shard);
	return 0;
}

static void subscribe(const char *filter, uint8_t qos)
{
	struct subscribe_options options = { .qos = qos };

	topic_tree_subscribe(&shard->topics, c->session, &c->session->subscriptions,
			span_of_text(filter), &options);
}

static struct message *make(const char *topic, const char *payload, uint8_t qos)
{
	return message_create(span_of_text(topic), NULL, span_of_text(payload), qos, false, now);
}

static size_t publish(const char *topic, const char *payload, uint8_t qos)
{
	struct message *m = make(topic, payload, qos);
	size_t receivers = router_publish(shard, NULL, m, NULL, now);

	message_unref(m);
	return receivers;
}

/* The payloads of the PUBLISH packets that were sent, each marked with QoS and DUP. */
static const char *sent(void)
{
	static char text[4096];
	struct served packet;
	size_t at = 0;
	char *to = text;

	str_clear(&output);
	rig_drain(c, &output, SIZE_MAX, now);
	while (rig_next(&output, &at, c->version, &packet) == 1) {
		if (packet.type == PACKET_PUBREL)
			to += sprintf(to, "rel%u ", packet.packet_id);
		if (packet.type != PACKET_PUBLISH)
			continue;
		to += sprintf(to, "%.*s", SPAN_ARGS(packet.payload));
		to += served_qos(&packet) > 0 ? sprintf(to, "/%u", packet.packet_id) : 0;
		to += sprintf(to, "%s ", packet.flags & 8 ? "d" : "");
	}
	assert_int_equal(at, output.len);
	*to = '\0';
	return text;
}

static void ack(uint8_t first, uint8_t packet_id)
{
	uint8_t packet[] = { first, 2, 0, packet_id };

	assert_int_equal(client_receive(c, span_of(packet, 4), now).consumed, 4);
}

static void reconnect(uint8_t receive_maximum, uint8_t packet_size)
{
	client_destroy(c, now);
	c = join(receive_maximum, packet_size);
}

static void the_smaller_qos_counts(void **unused)
{
	(void)unused;
	subscribe("a", 1);
	assert_int_equal(publish("a", "x", 0) + publish("a", "y", 1) + publish("a", "z", 2), 3);
	assert_int_equal(publish("b", "x", 1), 0);
	assert_string_equal(sent(), "x y/1 z/2 ");
}

static void beyond_the_window_messages_wait_in_order(void **unused)
{
	(void)unused;
	reconnect(2, 200);
	subscribe("a", 1);
	publish("a", "1", 1);
	publish("a", "2", 1);
	publish("a", "3", 1);
	publish("a", "4", 1);
	assert_string_equal(sent(), "1/1 2/2 ");
	assert_int_equal(c->session->outbox.count, 2);
	ack(0x40, 2);
	assert_string_equal(sent(), "3/3 ");
	publish("a", "5", 1);
	ack(0x40, 1);
	ack(0x40, 3);
	assert_string_equal(sent(), "4/4 5/5 ");
}

/* [v5 MQTT-4.4.0-1, MQTT-4.6.0-1] */
static void what_was_in_flight_is_sent_again_in_order(void **unused)
{
	(void)unused;
	subscribe("a", 2);
	publish("a", "1", 1);
	publish("a", "2", 2);
	publish("a", "3", 2);
	publish("a", "4", 1);
	ack(0x50, 2);
	ack(0x40, 4);
	reconnect(20, 200);
	publish("a", "5", 1);
	assert_string_equal(sent(), "1/1d rel2 3/3d 5/5 ");
}

static void a_smaller_window_takes_what_was_in_flight_bit_by_bit(void **unused)
{
	(void)unused;
	subscribe("a", 1);
	publish("a", "1", 1);
	publish("a", "2", 1);
	publish("a", "3", 1);
	reconnect(1, 200);
	publish("a", "4", 1);
	assert_string_equal(sent(), "1/1d ");
	ack(0x40, 1);
	assert_string_equal(sent(), "2/2d ");
	ack(0x40, 3); /* late, from before: not sent again */
	assert_string_equal(sent(), "");
	ack(0x40, 2);
	assert_string_equal(sent(), "4/4 ");
}

/* The bytes in flight are those that wait: they must not wait for themselves. */
static void the_limit_in_bytes_does_not_hold_back_what_is_in_flight(void **unused)
{
	(void)unused;
	limits.max_inflight_bytes = 100;
	subscribe("a", 1);
	publish("a", "1", 1);
	publish("a", "0123456789012345678901234567890123456789012345678901234567890123456789", 1);
	publish("a", "3", 1);
	reconnect(1, 200);
	assert_string_equal(sent(), "1/1d ");
	ack(0x40, 1);
	assert_string_not_equal(sent(), "");
	ack(0x40, 2);
	assert_string_equal(sent(), "3/3 ");
}

static void what_is_unsent_goes_on_when_the_output_has_drained(void **unused)
{
	(void)unused;
	limits.max_output_bytes = 30;
	subscribe("a", 1);
	publish("a", "0123456789", 1);
	publish("a", "0123456789", 1);
	publish("a", "0123456789", 1);
	publish("a", "0123456789", 1);
	assert_string_equal(sent(), "0123456789/1 0123456789/2 0123456789/3 0123456789/4 ");
	reconnect(20, 200);
	assert_string_equal(sent(), "0123456789/1d 0123456789/2d 0123456789/3d 0123456789/4d ");
}

static void new_messages_do_not_overtake_what_is_unsent(void **unused)
{
	(void)unused;
	subscribe("a", 1);
	publish("a", "1", 1);
	publish("a", "2", 1);
	publish("a", "3", 1);
	sent();
	limits.max_output_bytes = 20; /* the CONNACK nearly fills it */
	reconnect(20, 200);
	assert_true(c->session->inflight.unsent > 0);
	rig_drain(c, &output, c->output.bytes - 1, now); /* room, but not told to go on */
	publish("a", "new", 1);
	assert_int_equal(c->session->outbox.count, 1);
	rig_drain(c, &output, SIZE_MAX, now);
	assert_int_equal(c->session->inflight.unsent, 0);
	assert_span_equal(span_from(str_span(&output), output.len - 3), BYTES("new"));
}

/* [v5 MQTT-3.1.2-24, MQTT-3.1.2-25] */
static void a_packet_that_is_too_large_counts_as_delivered(void **unused)
{
	(void)unused;
	reconnect(20, 20);
	subscribe("a", 1);
	publish("a", "0123456789", 1);
	publish("a", "01234567890123456789", 1);
	publish("a", "01234567890123456789", 0);
	assert_string_equal(sent(), "0123456789/1 ");
	assert_int_equal(shard->counters.dropped_too_large, 2);
	assert_int_equal(c->session->inflight.count, 1);
	reconnect(20, 17); /* smaller than at the first attempt */
	assert_string_equal(sent(), "");
	assert_int_equal(c->session->inflight.count, 0);
	assert_int_equal(shard->counters.dropped_too_large, 3);
}

static void a_full_queue_drops_the_newest_and_tells_once(void **unused)
{
	(void)unused;
	limits.max_queued_messages = 2;
	reconnect(1, 200);
	subscribe("a", 1);
	publish("a", "1", 1);
	publish("a", "2", 1);
	publish("a", "3", 1);
	publish("a", "4", 1);
	publish("a", "5", 1);
	assert_int_equal(shard->counters.dropped_queue_full, 2);
	assert_int_equal(told_dropped, 1);
	ack(0x40, 1); /* room for one */
	publish("a", "6", 1);
	publish("a", "7", 1);
	assert_int_equal(told_dropped, 1); /* it never ran empty */
	ack(0x40, 2);
	ack(0x40, 3);
	assert_string_equal(sent(), "1/1 2/2 3/3 6/4 ");
	publish("a", "8", 1);
	publish("a", "9", 1);
	publish("a", "10", 1);
	assert_int_equal(told_dropped, 2);
}

static void a_queue_has_a_limit_in_bytes(void **unused)
{
	(void)unused;
	limits.max_queued_bytes = 3 * (sizeof(struct message) + 2);
	reconnect(1, 200);
	subscribe("a", 1);
	for (int i = 0; i < 6; i++)
		publish("a", "x", 1);
	assert_int_equal(c->session->outbox.count, 3);
	assert_int_equal(shard->counters.dropped_queue_full, 2);
}

static void qos_0_is_dropped_for_one_who_does_not_read(void **unused)
{
	(void)unused;
	sent();
	limits.max_output_bytes = 30;
	subscribe("a", 0);
	for (int i = 0; i < 10; i++)
		publish("a", "0123456789", 0);
	assert_true(shard->counters.dropped_output_full > 0);
	assert_true(c->output.bytes <= 30);
}

/* One SUBSCRIBE with many filters must not copy the retained messages without a bound. */
static void retained_messages_are_bound_by_output_and_queue(void **unused)
{
	struct message *m = make("a", "0123456789", 0);

	(void)unused;
	sent();
	limits.max_output_bytes = 100;
	limits.max_queued_messages = 5;
	for (int i = 0; i < 100; i++) {
		struct delivery d = { .message = message_ref(m) };

		router_deliver(shard, c->session, d, now);
		assert_true(c->output.bytes <= 100);
	}
	assert_int_equal(c->session->outbox.count, 5);
	assert_true(m->refs <= 6);
	sent();
	assert_int_equal(c->session->outbox.count, 0);
	message_unref(m);
}

static void qos_0_is_not_kept_for_one_who_is_away_unless_asked(void **unused)
{
	(void)unused;
	subscribe("a", 1);
	client_destroy(c, now);
	publish("a", "1", 0);
	assert_int_equal(shard->counters.dropped_offline, 1);
	limits.queue_qos0_messages = true;
	publish("a", "2", 0);
	publish("a", "3", 1);
	c = join(20, 200);
	assert_string_equal(sent(), "2 3/1 ");
}

/* [v5 MQTT-3.3.2-5] */
static void what_expires_while_it_waits_is_not_sent(void **unused)
{
	struct message *m = make("a", "old", 1);

	(void)unused;
	m->expires = instant_after(now, seconds(2));
	subscribe("a", 1);
	client_destroy(c, now);
	router_publish(shard, NULL, m, NULL, now);
	message_unref(m);
	publish("a", "new", 1);
	now = instant_after(now, seconds(2));
	c = join(20, 200);
	assert_string_equal(sent(), "new/1 ");
	assert_int_equal(shard->counters.dropped_expired, 1);
}

/* [v5 MQTT-3.8.3-3] */
static void no_local_is_not_sent_back(void **unused)
{
	struct subscribe_options options = { .no_local = true };
	struct message *m = make("a", "x", 0);

	(void)unused;
	topic_tree_subscribe(&shard->topics, c->session, &c->session->subscriptions, BYTES("a"),
			&options);
	assert_int_equal(router_publish(shard, c->session, m, NULL, now), 0);
	assert_int_equal(router_publish(shard, NULL, m, NULL, now), 1);
	message_unref(m);
}

static void join_group(struct client *member)
{
	struct subscribe_options options = { .group = BYTES("g"), .qos = 0 };

	topic_tree_subscribe(&shard->topics, member->session, &member->session->subscriptions,
			BYTES("+"), &options);
	rig_drain(member, &output, SIZE_MAX, now);
}

static void a_topic_of_a_group_may_stay_with_one_member(void **unused)
{
	struct client *b = rig_client(shard, NULL, now);
	size_t got = 0;

	(void)unused;
	client_receive(b, BYTES("\x10\x0d\0\4MQTT\4\2\0\0\0\1b"), now);
	join_group(b);
	join_group(c);
	limits.shared_subscription_policy = SHARE_BY_TOPIC;
	for (int i = 0; i < 8; i++) {
		publish("x", "1", 0);
		got += b->output.bytes > 0;
		rig_drain(b, &output, SIZE_MAX, now);
	}
	assert_true(got == 0 || got == 8);
	limits.shared_subscription_policy = SHARE_ROUND_ROBIN;
	publish("x", "1", 0);
	publish("x", "1", 0);
	assert_true(b->output.bytes > 0);
	client_destroy(b, now);
}

static void large_payloads_are_borrowed_and_arrive_whole(void **unused)
{
	char payload[OUTPUT_COPY_LIMIT + 2];
	struct message *m;
	struct served packet;
	size_t at = 0;

	(void)unused;
	c->max_packet_size = 10000;
	memset(payload, 'x', sizeof(payload));
	payload[sizeof(payload) - 1] = '\0';
	m = make("a", payload, 2);
	sent();
	subscribe("a", 2);
	router_publish(shard, NULL, m, NULL, now);
	assert_int_equal(m->refs, 3); /* ours, in flight, output */
	str_clear(&output);
	rig_drain(c, &output, SIZE_MAX, now);
	assert_int_equal(rig_next(&output, &at, MQTT_5, &packet), 1);
	assert_span_text(packet.payload, payload);
	assert_int_equal(packet.packet_id, 1);
	assert_int_equal(m->refs, 2);
	message_unref(m);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_smaller_qos_counts),
		TEST(beyond_the_window_messages_wait_in_order),
		TEST(what_was_in_flight_is_sent_again_in_order),
		TEST(a_smaller_window_takes_what_was_in_flight_bit_by_bit),
		TEST(the_limit_in_bytes_does_not_hold_back_what_is_in_flight),
		TEST(what_is_unsent_goes_on_when_the_output_has_drained),
		TEST(new_messages_do_not_overtake_what_is_unsent),
		TEST(a_packet_that_is_too_large_counts_as_delivered),
		TEST(a_full_queue_drops_the_newest_and_tells_once),
		TEST(a_queue_has_a_limit_in_bytes),
		TEST(qos_0_is_dropped_for_one_who_does_not_read),
		TEST(retained_messages_are_bound_by_output_and_queue),
		TEST(qos_0_is_not_kept_for_one_who_is_away_unless_asked),
		TEST(what_expires_while_it_waits_is_not_sent),
		TEST(no_local_is_not_sent_back),
		TEST(a_topic_of_a_group_may_stay_with_one_member),
		TEST(large_payloads_are_borrowed_and_arrive_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
