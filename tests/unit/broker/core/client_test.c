/* SPDX-License-Identifier: MIT */
#include "broker/core/client.h"

#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

#define CONNECT_V3 BYTES("\x10\x0d\0\4MQTT\4\2\0\x0a\0\1a")
#define CONNECT_V5 BYTES("\x10\x0e\0\4MQTT\5\2\0\x0a\0\0\1a")

static struct limits limits;
static struct shard *shard;
static struct client *c;
static struct instant now;
static struct str output;
static enum mqtt_reason told;

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	c = rig_client(shard, NULL, now);
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

static size_t send(struct span bytes)
{
	return client_receive(c, bytes, now).consumed;
}

static void assert_answer(struct span wanted)
{
	str_clear(&output);
	rig_drain(c, &output, SIZE_MAX, now);
	assert_span_equal(str_span(&output), wanted);
}

/* CVE-2023-0809: it is not even buffered */
static void a_first_packet_other_than_connect_is_refused_by_its_first_byte(void **unused)
{
	(void)unused;
	assert_int_equal(send(BYTES("\x30")), 1);
	assert_int_equal(c->state, CLIENT_CLOSING);
	assert_int_equal(c->close_reason, MQTT_PROTOCOL_ERROR);
	assert_answer(BYTES(""));
}

static void a_connect_has_at_most_100000_bytes(void **unused)
{
	struct client_progress p;

	(void)unused;
	p = client_receive(c, BYTES("\x10\x9c\x8d\x06"), now); /* 100,000 with its header */
	assert_int_equal(p.wanted, 100000);
	assert_int_equal(c->state, CLIENT_NEW);
	client_receive(c, BYTES("\x10\x9d\x8d\x06"), now);
	assert_int_equal(c->state, CLIENT_CLOSING);
	assert_int_equal(c->close_reason, MQTT_PACKET_TOO_LARGE);
}

static void whole_packets_are_consumed_and_the_rest_is_left(void **unused)
{
	struct client_progress p;

	(void)unused;
	p = client_receive(c, span_first(CONNECT_V3, 7), now);
	assert_int_equal(p.consumed, 0);
	assert_int_equal(p.wanted, 15);
	assert_int_equal(send(CONNECT_V3), 15);
	assert_int_equal(c->state, CLIENT_CONNECTED);
	assert_answer(BYTES("\x20\2\0\0"));
	p = client_receive(c, BYTES("\xc0\0\xc0\0\x30"), now);
	assert_int_equal(p.consumed, 4);
	assert_int_equal(p.wanted, 0);
	assert_answer(BYTES("\xd0\0\xd0\0"));
	p = client_receive(c, BYTES(""), now);
	assert_int_equal(p.consumed, 0);
}

static void after_the_end_everything_is_thrown_away(void **unused)
{
	(void)unused;
	send(CONNECT_V3);
	assert_int_equal(send(BYTES("\xe0\0\xc0\0\xc0")), 5);
	assert_int_equal(c->state, CLIENT_CLOSING);
	assert_int_equal(send(BYTES("\xc0\0")), 2);
	assert_answer(BYTES("\x20\2\0\0"));
}

static void version_5_is_told_why(void **unused)
{
	(void)unused;
	send(CONNECT_V5);
	send(BYTES("\x10\x0e\0\4MQTT\5\2\0\x0a\0\0\1a")); /* [v5 MQTT-3.1.0-2] */
	rig_drain(c, &output, SIZE_MAX, now);
	assert_span_equal(span_from(str_span(&output), output.len - 3), BYTES("\xe0\1\x82"));
	assert_int_equal(shard->counters.protocol_errors, 1);
	client_close(c, MQTT_SERVER_BUSY, now); /* no effect a second time */
	assert_answer(BYTES(""));
}

static void note_refusal(
		void *owner, const struct client *client, struct span id, enum mqtt_reason reason)
{
	(void)owner;
	(void)client;
	(void)id;
	told = reason;
}

/* A will on "#", and a byte too many; both before version 5 [v3 MQTT-3.1.4-1]. */
static void a_connect_that_gets_no_answer_is_told_to_the_operator(void **unused)
{
	static const struct {
		struct span connect;
		enum mqtt_reason reason;
	} rows[] = {
		{ SPAN("\x10\x13\0\4MQTT\4\6\0\x0a\0\1a\0\1#\0\1x"), MQTT_TOPIC_NAME_INVALID },
		{ SPAN("\x10\x0e\0\4MQTT\4\2\0\x0a\0\1ab"), MQTT_MALFORMED_PACKET },
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		shard->observer.refused = note_refusal;
		told = MQTT_SUCCESS;
		send(rows[i].connect);
		assert_int_equal(c->state, CLIENT_CLOSING);
		assert_answer(BYTES(""));
		assert_int_equal(told, rows[i].reason);
		assert_int_equal(shard->counters.connects_refused, 1);
		end(unused);
		begin(unused);
	}
}

static void packets_of_a_server_and_the_reserved_type_end_it(void **state)
{
	/* CVE-2021-28166: CONNACK to a broker */
	static const struct span packets[] = { SPAN("\x20\2\0\0"), SPAN("\x90\3\0\1\0"),
		SPAN("\xb0\2\0\1"), SPAN("\xd0\0"), SPAN("\0\0"), SPAN("\xf0\0") };

	for (size_t i = 0; i < array_size(packets); i++) {
		send(CONNECT_V3);
		send(packets[i]);
		assert_int_equal(c->state, CLIENT_CLOSING);
		end(state);
		begin(state);
	}
}

static void a_connect_that_does_not_come_is_not_waited_for(void **unused)
{
	struct instant created = now;

	(void)unused;
	now = instant_after(created, seconds(9));
	shard_run_timers(shard, now);
	assert_int_equal(c->state, CLIENT_NEW);
	send(BYTES("\x10")); /* one byte buys no time */
	now = instant_after(created, seconds(10));
	shard_run_timers(shard, now);
	assert_int_equal(c->state, CLIENT_CLOSING);
	assert_answer(BYTES(""));
}

static void time_that_the_broker_lets_a_client_wait_does_not_count(void **unused)
{
	struct instant created = now;

	(void)unused;
	client_hold(c);
	now = instant_after(created, seconds(30));
	shard_run_timers(shard, now);
	assert_int_equal(c->state, CLIENT_NEW);
	client_release(c, seconds(30));
	now = instant_after(created, seconds(39));
	shard_run_timers(shard, now);
	assert_int_equal(c->state, CLIENT_NEW);
	now = instant_after(created, seconds(40));
	shard_run_timers(shard, now);
	assert_int_equal(c->state, CLIENT_CLOSING);
}

/* [v5 MQTT-3.1.2-22] */
static void silence_of_one_and_a_half_keep_alives_ends_it(void **unused)
{
	struct instant start = now;

	(void)unused;
	send(CONNECT_V3); /* 10 seconds */
	now = instant_after(start, milliseconds(14000));
	send(BYTES("\xc0\0"));
	now = instant_after(start, milliseconds(15000));
	shard_run_timers(shard, now);
	now = instant_after(start, milliseconds(28999));
	shard_run_timers(shard, now);
	assert_int_equal(c->state, CLIENT_CONNECTED);
	now = instant_after(start, milliseconds(29000));
	shard_run_timers(shard, now);
	assert_int_equal(c->state, CLIENT_CLOSING);
	assert_int_equal(shard->counters.keep_alive_timeouts, 1);
}

/* [v5 MQTT-3.1.2-22]: a packet counts, a byte does not */
static void who_sends_a_byte_at_a_time_is_silent(void **unused)
{
	static const struct span publish = SPAN("\x30\x80\x40\0\1t");
	struct instant start = now;

	(void)unused;
	send(CONNECT_V3); /* 10 seconds */
	for (int i = 1; i < 15; i++) {
		now = instant_after(start, seconds(i));
		send(span_first(publish, 1 + (size_t)i % 5));
		shard_run_timers(shard, now);
		assert_int_equal(c->state, CLIENT_CONNECTED);
	}
	now = instant_after(start, seconds(15));
	send(publish);
	shard_run_timers(shard, now);
	assert_int_equal(c->close_reason, MQTT_KEEP_ALIVE_TIMEOUT);
}

static void a_large_packet_may_take_longer_than_the_keep_alive(void **unused)
{
	enum { PIECE = 65536 };
	uint8_t *packet = xcalloc(1, 8 * PIECE);
	struct instant start = now;

	(void)unused;
	send(CONNECT_V3);			    /* 10 seconds */
	memcpy(packet, "\x30\x80\x80\x60\0\1t", 7); /* 1.5 MB */
	for (int i = 1; i <= 8; i++) {
		now = instant_after(start, seconds(10 * i));
		shard_run_timers(shard, now);
		assert_int_equal(c->state, CLIENT_CONNECTED);
		send(span_of(packet, (size_t)i * PIECE));
	}
	now = instant_after(start, seconds(96));
	shard_run_timers(shard, now);
	assert_int_equal(c->close_reason, MQTT_KEEP_ALIVE_TIMEOUT);
	free(packet);
}

static size_t count_pings(struct span input, size_t *ret_turns)
{
	size_t pings = 0, consumed;

	for (*ret_turns = 0; input.len > 0; ++*ret_turns) {
		struct client_progress p;

		work_begin_turn(&shard->work);
		p = client_receive(c, input, now);
		consumed = p.consumed;
		assert_true(consumed > 0 && consumed <= (WORK_SHARE + 1) * 2);
		assert_int_equal(p.has_more, consumed < input.len);
		input = span_from(input, consumed);
		str_clear(&output);
		rig_drain(c, &output, SIZE_MAX, now);
		pings += output.len / 2;
	}
	return pings;
}

static void a_burst_is_dealt_with_in_shares(void **unused)
{
	enum { PINGS = 100000 };
	uint8_t *burst = xmalloc(2L * PINGS);
	size_t turns;

	(void)unused;
	send(CONNECT_V3);
	assert_answer(BYTES("\x20\2\0\0"));
	for (size_t i = 0; i < PINGS; i++)
		memcpy(burst + 2 * i, "\xc0\0", 2);
	assert_int_equal(count_pings(span_of(burst, 2L * PINGS), &turns), PINGS);
	assert_int_equal(turns, (PINGS + WORK_SHARE - 1) / WORK_SHARE);
	shard->work.done += WORK_TURN; /* by others: what is left is smaller then */
	assert_int_equal(client_receive(c, span_of(burst, 2L * PINGS), now).consumed,
			2L * WORK_SMALL_SHARE);
	free(burst);
}

enum { MANY_FILTERS = 62 * 62 };

/* One packet that subscribes to, or unsubscribes from, all filters of two letters or so. */
static struct span all_filters(uint8_t first, bool with_options)
{
	size_t room = 16 + 5L * MANY_FILTERS;
	struct writer w = writer_of(xmalloc(room), room);

	write_u8(&w, first);
	write_varint(&w, 2 + (with_options ? 5 : 4) * MANY_FILTERS);
	write_u16(&w, 1);
	for (int i = 0; i < MANY_FILTERS; i++) {
		write_u16(&w, 2);
		write_u8(&w, (uint8_t)('A' + i / 62));
		write_u8(&w, (uint8_t)('A' + i % 62));
		if (with_options)
			write_u8(&w, 1);
	}
	return writer_span(&w);
}

/* Turns until the packet is consumed. */
static unsigned turns_for(struct span packet)
{
	unsigned turns = 0;
	struct client_progress p;

	do {
		work_begin_turn(&shard->work);
		shard->work.done += WORK_TURN; /* of others: shares are small */
		p = client_receive(c, packet, now);
		assert_int_equal(p.has_more, p.consumed == 0);
		turns++;
	} while (p.has_more);
	assert_int_equal(p.consumed, packet.len);
	return turns;
}

static void a_large_subscribe_takes_as_many_turns_as_it_needs(void **unused)
{
	struct span packet = all_filters(0x82, true);

	(void)unused;
	send(CONNECT_V3);
	assert_answer(BYTES("\x20\2\0\0"));
	assert_true(turns_for(packet) > 20);
	assert_int_equal(shard->topics.subscriptions, MANY_FILTERS);
	assert_int_equal(shard->counters.packets_received, 2);
	str_clear(&output);
	rig_drain(c, &output, SIZE_MAX, now);
	assert_int_equal(output.len, 3 + 2 + MANY_FILTERS); /* one SUBACK for all */
	free((void *)(uintptr_t)packet.data);
	packet = all_filters(0xa2, false);
	assert_true(turns_for(packet) > 20);
	assert_int_equal(shard->topics.subscriptions, 0);
	assert_answer(BYTES("\xb0\2\0\1"));
	free((void *)(uintptr_t)packet.data);
}

static void the_dirty_list_names_each_client_once_and_forgets_the_dead(void **unused)
{
	struct client *b = rig_client(shard, NULL, now);
	struct client *d = rig_client(shard, NULL, now);

	(void)unused;
	client_mark_dirty(c);
	client_mark_dirty(b);
	client_mark_dirty(c);
	client_mark_dirty(d);
	client_destroy(d, now);
	client_mark_dirty(b);
	assert_ptr_equal(shard_next_dirty(shard), c);
	client_mark_dirty(c);
	client_destroy(b, now);
	assert_ptr_equal(shard_next_dirty(shard), c);
	assert_null(shard_next_dirty(shard));
	assert_int_equal(shard->clients, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_first_packet_other_than_connect_is_refused_by_its_first_byte),
		TEST(a_connect_has_at_most_100000_bytes),
		TEST(whole_packets_are_consumed_and_the_rest_is_left),
		TEST(after_the_end_everything_is_thrown_away),
		TEST(version_5_is_told_why),
		TEST(a_connect_that_gets_no_answer_is_told_to_the_operator),
		TEST(packets_of_a_server_and_the_reserved_type_end_it),
		TEST(a_connect_that_does_not_come_is_not_waited_for),
		TEST(time_that_the_broker_lets_a_client_wait_does_not_count),
		TEST(silence_of_one_and_a_half_keep_alives_ends_it),
		TEST(who_sends_a_byte_at_a_time_is_silent),
		TEST(a_large_packet_may_take_longer_than_the_keep_alive),
		TEST(a_burst_is_dealt_with_in_shares),
		TEST(a_large_subscribe_takes_as_many_turns_as_it_needs),
		TEST(the_dirty_list_names_each_client_once_and_forgets_the_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
