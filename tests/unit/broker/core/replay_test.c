/* SPDX-License-Identifier: MIT */
#include "broker/core/replay.h"

#include <stdio.h>

#include "broker/core/router.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

enum { TOPICS = 300, READERS = 3, PAYLOAD = 600 };

/* A client and how often it has got each of the topics "0/0" to "9/29", retained. */
struct reader_of_all {
	struct client *client;
	struct str received;
	unsigned got[TOPICS];
	char last[TOPICS]; /* the mark of the last message */
	bool always_there[TOPICS];
	bool is_done;
};

static struct limits limits;
static struct shard *shard;
static struct instant now;
static struct reader_of_all readers[READERS];
static char marks[TOPICS]; /* of the retained message; 0: there is none */

static void join(struct reader_of_all *r, char name)
{
	/* v5, a session that stays, receive maximum 2 */
	uint8_t packet[] = "\x10\x16\0\4MQTT\5\0\0\0\x08\x11\0\0\0\x64\x21\0\2\0\1a";

	packet[sizeof(packet) - 2] = (uint8_t)name;
	r->client = rig_client(shard, r, now);
	client_receive(r->client, span_of(packet, sizeof(packet) - 1), now);
	assert_int_equal(r->client->state, CLIENT_CONNECTED);
}

static int begin(void **unused)
{
	(void)unused;
	limits = rig_limits();
	now = (struct instant){ 1000000000 };
	shard = shard_create(&limits, NULL, 7, 8);
	memset(marks, 0, sizeof(marks));
	for (int i = 0; i < READERS; i++) {
		readers[i] = (struct reader_of_all){ 0 };
		join(&readers[i], (char)('a' + i));
	}
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	for (int i = 0; i < READERS; i++) {
		client_destroy(readers[i].client, now);
		str_finish(&readers[i].received);
	}
	shard_destroy(shard);
	return 0;
}

/* `mark` 0 removes it */
static void retain_large(size_t topic, char mark, uint8_t qos, size_t size)
{
	char name[48], payload[PAYLOAD];
	struct message *m;

	assert_true(size <= sizeof(payload));
	memset(payload, mark, size);
	sprintf(name, "%zu/%zu", topic / 30, topic % 30);
	m = message_create(span_of_text(name), NULL, span_of(payload, mark != 0 ? size : 0), qos,
			true, now);
	router_publish(shard, NULL, m, NULL, now);
	message_unref(m);
	marks[topic] = mark;
}

static void retain_all(uint8_t qos, size_t size)
{
	for (size_t i = 0; i < TOPICS; i++)
		retain_large(i, 'a', qos, size);
}

static void subscribe(struct reader_of_all *r, const char *filter, uint8_t qos)
{
	uint8_t packet[64] = { 0x82, 0, 0, 1, 0 };
	struct writer w = writer_of(packet + 5, sizeof(packet) - 5);

	write_block16(&w, span_of_text(filter));
	write_u8(&w, qos);
	packet[1] = (uint8_t)(3 + writer_span(&w).len);
	client_receive(r->client, span_of(packet, 2U + packet[1]), now);
	for (size_t i = 0; i < TOPICS; i++)
		r->always_there[i] = marks[i] != 0;
	assert_int_equal(r->client->state, CLIENT_CONNECTED);
}

static size_t topic_index(struct span name)
{
	uint64_t first, second;
	struct span rest = name;

	assert_true(span_to_uint(span_cut(&rest, '/'), 9, &first));
	assert_true(span_to_uint(rest, 29, &second));
	return (size_t)(first * 30 + second);
}

static void take(struct reader_of_all *r, const struct served *packet)
{
	uint8_t ack[] = { 0x40, 2, (uint8_t)(packet->packet_id >> 8), (uint8_t)packet->packet_id };
	size_t i;

	if (packet->type != PACKET_PUBLISH)
		return;
	i = topic_index(packet->topic);
	r->got[i] += packet->flags & 1; /* what is not marked as retained came live */
	r->last[i] = packet->payload.len > 0 ? (char)packet->payload.data[0] : 0;
	if (packet->packet_id > 0)
		client_receive(r->client, span_of(ack, sizeof(ack)), now);
}

static size_t read_some(struct reader_of_all *r, size_t most)
{
	struct served packet;
	size_t at = 0, n = rig_drain(r->client, &r->received, most, now);
	int found;

	while ((found = rig_next(&r->received, &at, MQTT_5, &packet)) == 1)
		take(r, &packet);
	assert_int_equal(found, 0);
	str_remove_front(&r->received, at);
	return n;
}

/* Turns with the reader taking everything, until nothing more comes. */
static void read_all(struct reader_of_all *r)
{
	do
		shard_work(shard, now);
	while (read_some(r, SIZE_MAX) > 0 || shard_has_work(shard));
}

static void assert_each_once(const struct reader_of_all *r)
{
	for (size_t i = 0; i < TOPICS; i++)
		assert_int_equal(r->got[i], 1);
}

static void nothing_is_dropped_for_a_slow_reader(void **unused)
{
	struct reader_of_all *r = &readers[0];

	(void)unused;
	retain_all(0, PAYLOAD);
	limits.max_output_bytes = 4096;
	subscribe(r, "#", 0);
	for (int i = 0; i < 100; i++) {
		shard_work(shard, now);
		assert_true(r->client->output.bytes <= 4096);
		read_some(r, 100);
	}
	assert_false(shard_has_work(shard)); /* it waits for the reader, and costs nothing */
	read_all(r);
	assert_each_once(r);
	assert_int_equal(shard->counters.dropped_output_full, 0);
	assert_int_equal(shard->counters.dropped_queue_full, 0);
}

static void output_is_bounded_however_much_a_client_may_have(void **unused)
{
	struct reader_of_all *r = &readers[0];

	(void)unused;
	retain_all(0, PAYLOAD);
	subscribe(r, "#", 0);
	while (shard_has_work(shard))
		shard_work(shard, now);
	assert_true(r->client->output.bytes < 66 * 1024);
	read_all(r);
	assert_each_once(r);
}

static void acknowledgements_move_it_on(void **unused)
{
	struct reader_of_all *r = &readers[0];

	(void)unused;
	limits.max_queued_messages = 1;
	retain_all(1, 1);
	subscribe(r, "#", 1);
	shard_work(shard, now);
	assert_int_equal(r->client->session->inflight.count, 2);
	assert_int_equal(r->client->session->outbox.count, 0);
	read_all(r);
	assert_each_once(r);
}

static void clients_take_turns(void **unused)
{
	(void)unused;
	retain_all(0, 1);
	for (int i = 0; i < READERS; i++) {
		subscribe(&readers[i], "1/#", 0);
		subscribe(&readers[i], "+/+", 0);
	}
	for (int i = 0; i < READERS; i++)
		read_some(&readers[i], SIZE_MAX);
	assert_true(shard_has_work(shard)); /* not all at once */
	shard_work(shard, now);
	for (int i = 0; i < READERS; i++)
		assert_true(read_some(&readers[i], SIZE_MAX) > 0);
	for (int i = 0; i < READERS; i++)
		read_all(&readers[i]);
	for (int i = 0; i < READERS; i++) {
		for (size_t t = 0; t < TOPICS; t++)
			assert_int_equal(readers[i].got[t], t / 30 == 1 ? 2 : 1);
	}
}

static void work_per_turn_is_bounded(void **unused)
{
	char filter[16];

	(void)unused;
	retain_all(0, 1);
	for (int i = 0; i < 1000; i++) {
		sprintf(filter, "+/x%d", i);
		subscribe(&readers[0], filter, 0);
	}
	while (shard_has_work(shard)) {
		uint64_t before = shard->work.done;

		shard_work(shard, now);
		assert_true(shard->work.done - before <= WORK_BESIDE + 2048 + 16);
	}
	assert_null(readers[0].client->session->awaiting.first);
}

/* [v5 MQTT-3.3.1-7] and the order of DESIGN.md */
static void an_older_message_never_follows_a_newer_one(void **unused)
{
	struct reader_of_all *r = &readers[0];

	(void)unused;
	retain_all(0, PAYLOAD);
	subscribe(r, "#", 0);
	for (size_t i = 0; i < TOPICS; i += 2)
		retain_large(i, 'b', 0, 1);
	read_all(r);
	for (size_t i = 0; i < TOPICS; i++)
		assert_int_equal(r->last[i], marks[i]);
}

static void it_goes_on_after_a_reconnect(void **unused)
{
	struct reader_of_all *r = &readers[0];

	(void)unused;
	retain_all(0, PAYLOAD);
	subscribe(r, "#", 0);
	read_some(r, SIZE_MAX);
	client_destroy(r->client, now);
	str_clear(&r->received);
	assert_false(shard_has_work(shard));
	join(r, 'a');
	read_all(r);
	assert_each_once(r);
}

static void unsubscribe_ends_it(void **unused)
{
	struct reader_of_all *r = &readers[0];
	size_t before;

	(void)unused;
	retain_all(0, PAYLOAD);
	subscribe(r, "#", 0);
	subscribe(r, "0/0", 0);
	read_some(r, 1000);
	client_receive(r->client, BYTES("\xa2\x06\0\2\0\0\1#"), now);
	before = r->client->output.bytes;
	shard_work(shard, now);
	assert_true(r->client->output.bytes <= before + PAYLOAD + 10);
	read_all(r);
	assert_int_equal(r->got[0], 1); /* of the subscription that is left */
	assert_null(r->client->session->awaiting.cursor);
}

static void to_subscribe_again_begins_anew(void **unused)
{
	struct reader_of_all *r = &readers[0];
	size_t twice = 0;

	(void)unused;
	retain_all(0, PAYLOAD);
	subscribe(r, "#", 0);
	subscribe(r, "#", 0);
	read_all(r);
	for (size_t i = 0; i < TOPICS; i++) {
		assert_in_range(r->got[i], 1, 2);
		twice += r->got[i] == 2;
	}
	assert_in_range(twice, 1, TOPICS - 1);
}

/* Random changes between slices: what is there throughout comes exactly once. */
static void what_was_there_throughout_comes_once(void **unused)
{
	static const char *const filters[] = { "#", "+/+" };
	struct dice dice = { 23 };

	(void)unused;
	retain_all(0, PAYLOAD);
	limits.max_output_bytes = 8192;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < READERS; i++) {
			memset(readers[i].got, 0, sizeof(readers[i].got));
			readers[i].is_done = false;
			subscribe(&readers[i], filters[dice_roll(&dice, 2)], dice_roll(&dice, 2));
		}
		for (int left = READERS; left > 0;) {
			size_t t = dice_roll(&dice, TOPICS);
			struct reader_of_all *r = &readers[dice_roll(&dice, READERS)];

			retain_large(t, (char)(dice_roll(&dice, 3) > 0 ? 'a' + round : 0),
					(uint8_t)dice_roll(&dice, 2),
					dice_roll(&dice, PAYLOAD) + 1);
			for (int i = 0; i < READERS; i++)
				readers[i].always_there[t] = readers[i].always_there[t] &&
							     (readers[i].is_done || marks[t] != 0);
			shard_work(shard, now);
			read_some(r, dice_roll(&dice, 20000));
			if (!r->is_done && r->client->session->awaiting.first == NULL &&
					r->client->output.bytes == 0) {
				r->is_done = true;
				left--;
				for (t = 0; t < TOPICS; t++)
					assert_true(r->got[t] <= 1 || !r->always_there[t]);
				for (t = 0; t < TOPICS; t++)
					assert_true(r->got[t] == 1 || !r->always_there[t]);
			}
		}
	}
	for (size_t t = 0; t < TOPICS; t++)
		retain_large(t, 0, 0, 1);
	assert_int_equal(shard->retained.topics.nodes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_dropped_for_a_slow_reader),
		TEST(output_is_bounded_however_much_a_client_may_have),
		TEST(acknowledgements_move_it_on),
		TEST(clients_take_turns),
		TEST(work_per_turn_is_bounded),
		TEST(an_older_message_never_follows_a_newer_one),
		TEST(it_goes_on_after_a_reconnect),
		TEST(unsubscribe_ends_it),
		TEST(to_subscribe_again_begins_anew),
		TEST(what_was_there_throughout_comes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
