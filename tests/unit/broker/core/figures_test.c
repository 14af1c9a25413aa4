/* SPDX-License-Identifier: MIT */
#include "broker/core/figures.h"

#include <stdio.h>

#include "broker/core/backlog.h"
#include "broker/core/router.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

static struct limits limits;
static struct shard *shard;
static const struct instant now = { 1000000000 };
static struct figures f;

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	shard = shard_create(&limits, NULL, 7, 8);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	shard_destroy(shard);
	return 0;
}

static void feed(struct client *c, const void *packet, size_t len)
{
	assert_int_equal(client_receive(c, span_of(packet, len), now).consumed, len);
}

/* A v3.1.1 client with a one-letter identifier; `flags` 0 keeps its session, 2 does not. */
static struct client *join(char id, uint8_t flags)
{
	uint8_t packet[] = "\x10\x0d\0\4MQTT\4\0\0\0\0\1a";
	struct client *c = rig_client(shard, NULL, now);

	packet[9] = flags;
	packet[14] = (uint8_t)id;
	feed(c, packet, sizeof(packet) - 1);
	assert_int_equal(c->state, CLIENT_CONNECTED);
	return c;
}

static void leave(struct client *c)
{
	client_destroy(c, now);
}

static void publish(const char *topic, const char *payload, uint8_t qos, bool retain)
{
	struct message *m = message_create(
			span_of_text(topic), NULL, span_of_text(payload), qos, retain, now);

	router_publish(shard, NULL, m, NULL, now);
	message_unref(m);
}

static void take(void)
{
	figures_take(shard, &f);
}

static void clients_are_counted(void **unused)
{
	struct client *a = join('a', 0), *b = join('b', 2), *stranger;

	(void)unused;
	stranger = rig_client(shard, NULL, now);
	take();
	assert_int_equal(f.clients, 2);
	assert_int_equal(f.clients_connected, 2);
	assert_int_equal(f.clients_disconnected, 0);
	assert_int_equal(f.clients_maximum, 2);
	assert_int_equal(f.sockets, 3);
	assert_int_equal(f.counters.sockets_opened, 3);
	assert_int_equal(f.counters.connects_received, 2);
	leave(stranger);
	leave(a);
	leave(b);
	take();
	assert_int_equal(f.clients, 1); /* "a" has a session */
	assert_int_equal(f.clients_connected, 0);
	assert_int_equal(f.clients_disconnected, 1);
	assert_int_equal(f.clients_maximum, 2);
	assert_int_equal(f.sockets, 0);
}

static void who_takes_over_is_counted_once(void **unused)
{
	struct client *a = join('a', 0), *again = join('a', 0);

	(void)unused;
	take();
	assert_int_equal(f.clients, 1);
	assert_int_equal(f.clients_connected, 1);
	assert_int_equal(f.clients_maximum, 1);
	leave(a);
	leave(again);
	take();
	assert_int_equal(f.clients_connected, 0);
}

static void subscriptions_are_counted_by_kind(void **unused)
{
	static const uint8_t both[] = "\x82\x16\0\1\0\1a\1\0\xd$share/g/a/b/\1";
	static const uint8_t none[] = "\xa2\x14\0\2\0\1a\0\xd$share/g/a/b/";
	struct client *a = join('a', 2);

	(void)unused;
	feed(a, both, sizeof(both) - 1);
	take();
	assert_int_equal(f.subscriptions, 1);
	assert_int_equal(f.shared_subscriptions, 1);
	feed(a, none, sizeof(none) - 1);
	take();
	assert_int_equal(f.subscriptions, 0);
	assert_int_equal(f.shared_subscriptions, 0);
	leave(a);
}

static void what_waits_is_counted(void **unused)
{
	static const uint8_t subscribe[] = "\x82\x6\0\1\0\1a\1";
	size_t one = sizeof(struct message) + 2;
	struct client *a;
	struct str output = { 0 };

	(void)unused;
	limits.max_inflight_messages = 2;
	a = join('a', 0);
	feed(a, subscribe, sizeof(subscribe) - 1);
	rig_drain(a, &output, SIZE_MAX, now);
	publish("r", "12345", 0, true);
	for (int i = 0; i < 5; i++)
		publish("a", "x", 1, false);
	take();
	assert_int_equal(f.retained_messages, 1);
	assert_int_equal(f.retained_bytes, sizeof(struct message) + 6);
	assert_int_equal(f.inflight_messages, 2);
	assert_int_equal(f.inflight_bytes, 2 * one);
	assert_int_equal(f.queued_messages, 3);
	assert_int_equal(f.queued_bytes, 3 * one);
	assert_int_equal(f.stored_messages, 6);
	assert_int_equal(f.stored_bytes, f.retained_bytes + 5 * one);
	assert_true(f.limited_memory_bytes > f.stored_bytes);
	assert_int_equal(f.output_packets, 2);
	assert_int_equal(f.output_bytes, 2 * 8);
	assert_int_equal(f.counters.publish_sent, 2);
	assert_int_equal(f.counters.publish_bytes_sent, 2);
	assert_int_equal(f.counters.packets_sent, 4); /* CONNACK, SUBACK */
	rig_drain(a, &output, SIZE_MAX, now);
	take();
	assert_int_equal(f.output_packets, 0);
	assert_int_equal(f.output_bytes, 0);
	leave(a);
	str_finish(&output);
}

static void a_message_for_many_is_stored_once(void **unused)
{
	static const uint8_t subscribe[] = "\x82\x6\0\1\0\1a\1";
	struct client *all[] = { join('x', 0), join('y', 0), join('z', 0) };

	(void)unused;
	for (size_t i = 0; i < array_size(all); i++)
		feed(all[i], subscribe, sizeof(subscribe) - 1);
	publish("a", "x", 1, true);
	take();
	assert_int_equal(f.stored_messages, 1);
	assert_int_equal(f.stored_bytes, sizeof(struct message) + 2);
	assert_int_equal(f.inflight_messages, 3);
	for (size_t i = 0; i < array_size(all); i++)
		leave(all[i]);
}

static void received_payloads_are_counted(void **unused)
{
	static const uint8_t hello[] = "\x30\x8\0\1ahello";
	struct client *a = join('a', 2);

	(void)unused;
	feed(a, hello, sizeof(hello) - 1);
	take();
	assert_int_equal(f.counters.publish_received, 1);
	assert_int_equal(f.counters.publish_bytes_received, 5);
	assert_int_equal(f.counters.packets_received, 2);
	leave(a);
}

/* Each reason counts. */
static void drops_add_up(void **unused)
{
	(void)unused;
	shard->counters.dropped_queue_full = 1;
	shard->counters.dropped_output_full = 10;
	shard->counters.dropped_expired = 100;
	shard->counters.dropped_too_large = 1000;
	shard->counters.dropped_offline = 10000;
	take();
	assert_int_equal(f.publish_dropped, 11111);
}

static const char *backlog(void)
{
	static char text[4096];
	struct backlog b;
	struct str s = { 0 };

	backlog_take(shard, &b);
	backlog_format(&b, &s);
	assert_true(s.len < sizeof(text));
	memcpy(text, str_text(&s), s.len + 1);
	str_finish(&s);
	return text;
}

/* A client that is away and for which one message with `len` bytes waits on its own topic. */
static void owe(char id, size_t len)
{
	uint8_t subscribe[] = "\x82\x6\0\1\0\1?\1";
	char topic[2] = { id, '\0' }, payload[] = "12345678";
	struct client *c = join(id, 0);

	subscribe[6] = (uint8_t)id;
	feed(c, subscribe, sizeof(subscribe) - 1);
	leave(c);
	payload[len] = '\0';
	publish(topic, payload, 1, false);
}

static void the_longest_backlogs_are_told(void **unused)
{
	size_t one = sizeof(struct message) + 1;
	char wanted[1024];

	(void)unused;
	assert_string_equal(backlog(), "[]");
	for (size_t i = 0; i < 7; i++)
		owe((char)('a' + i), 1 + i);
	publish("b", "12345678901234567890", 1, false);
	snprintf(wanted, sizeof(wanted),
			"[{\"client\":\"b\",\"connected\":false,\"messages\":2,\"bytes\":%zu},"
			"{\"client\":\"g\",\"connected\":false,\"messages\":1,\"bytes\":%zu},"
			"{\"client\":\"f\",\"connected\":false,\"messages\":1,\"bytes\":%zu},"
			"{\"client\":\"e\",\"connected\":false,\"messages\":1,\"bytes\":%zu},"
			"{\"client\":\"d\",\"connected\":false,\"messages\":1,\"bytes\":%zu}]",
			2 * one + 22, one + 7, one + 6, one + 5, one + 4);
	assert_string_equal(backlog(), wanted);
}

static void what_a_connected_client_does_not_read_is_backlog(void **unused)
{
	struct client *quote = join('"', 2);

	(void)unused;
	assert_string_equal(backlog(),
			"[{\"client\":\"\\\"\",\"connected\":true,\"messages\":0,\"bytes\":4}]");
	leave(quote);
}

#define test(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(clients_are_counted),
		test(who_takes_over_is_counted_once),
		test(subscriptions_are_counted_by_kind),
		test(what_waits_is_counted),
		test(a_message_for_many_is_stored_once),
		test(received_payloads_are_counted),
		test(drops_add_up),
		test(the_longest_backlogs_are_told),
		test(what_a_connected_client_does_not_read_is_backlog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
