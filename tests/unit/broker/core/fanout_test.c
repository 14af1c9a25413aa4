/* SPDX-License-Identifier: MIT */
#include "broker/core/fanout.h"

#include <stdio.h>

#include "broker/core/router.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

static struct limits limits;
static struct shard *shard;
static struct instant now;
static struct client *c;
static struct str output;

/* A v5 client that allows two aliases and takes packets of `packet_size`. */
static void join(uint8_t packet_size)
{
	uint8_t packet[] = "\x10\x16\0\4MQTT\5\2\0\0\x08\x22\0\2\x27\0\0\0\0\0\1a";

	packet[20] = packet_size;
	c = rig_client(shard, NULL, now);
	client_receive(c, span_of(packet, sizeof(packet) - 1), now);
	assert_int_equal(c->state, CLIENT_CONNECTED);
	client_receive(c, BYTES("\x82\7\0\1\0\0\1#\0"), now);
	rig_drain(c, &output, SIZE_MAX, now);
	str_clear(&output);
}

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	join(200);
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

static void publish(const char *topic, struct span payload)
{
	struct message *m = message_create(span_of_text(topic), NULL, payload, 0, false, now);

	router_publish(shard, NULL, m, NULL, now);
	message_unref(m);
}

/* The topics that were sent, each with its alias. */
static const char *sent(void)
{
	static char text[256];
	struct served packet;
	size_t at = 0;
	char *to = text;

	str_clear(&output);
	rig_drain(c, &output, SIZE_MAX, now);
	while (rig_next(&output, &at, c->version, &packet) == 1)
		to += sprintf(to, "%.*s=%u ", SPAN_ARGS(packet.topic), packet.alias);
	assert_int_equal(at, output.len);
	*to = '\0';
	return text;
}

static void the_first_topics_get_an_alias(void **unused)
{
	(void)unused;
	publish("one/topic", BYTES("x"));
	publish("two/topic", BYTES("x"));
	publish("one/topic", BYTES("x"));
	publish("three/topic", BYTES("x"));
	publish("two/topic", BYTES("x"));
	assert_string_equal(sent(), "one/topic=1 two/topic=2 =1 three/topic=0 =2 ");
}

static void what_is_dropped_tells_no_alias(void **unused)
{
	uint8_t payload[100] = { 0 };

	(void)unused;
	limits.max_output_bytes = 150;
	publish("one/topic", span_of(payload, 100));
	publish("two/topic", span_of(payload, 100)); /* no room: dropped */
	assert_int_equal(shard->counters.dropped_output_full, 1);
	assert_string_equal(sent(), "one/topic=1 ");
	publish("two/topic", BYTES("x"));
	assert_string_equal(sent(), "two/topic=2 ");
}

static void an_alias_never_makes_a_packet_too_large(void **unused)
{
	uint8_t payload[22] = { 0 };

	(void)unused;
	client_destroy(c, now);
	join(30);
	publish("t/opi", span_of(payload, 20)); /* 30 bytes, 33 with the alias */
	assert_string_equal(sent(), "t/opi=0 ");
	publish("t/opi", BYTES("x"));
	assert_string_equal(sent(), "t/opi=1 ");
	publish("t/opi", span_of(payload, 22)); /* 30 with the alias, 32 with the topic */
	assert_string_equal(sent(), "=1 ");
	assert_int_equal(shard->counters.dropped_too_large, 0);
}

static void short_and_very_long_topics_get_none(void **unused)
{
	char topic[2000];

	(void)unused;
	client_destroy(c, now);
	join(200);
	c->max_packet_size = 5000;
	memset(topic, 't', sizeof(topic));
	topic[1025] = '\0';
	publish(topic, BYTES("x"));
	publish("t/t", BYTES("x"));
	assert_int_equal(c->sent_aliases.count, 0);
	topic[1024] = '\0';
	publish(topic, BYTES("x"));
	assert_int_equal(c->sent_aliases.count, 1);
	rig_drain(c, &output, SIZE_MAX, now);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_topics_get_an_alias),
		TEST(what_is_dropped_tells_no_alias),
		TEST(an_alias_never_makes_a_packet_too_large),
		TEST(short_and_very_long_topics_get_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
