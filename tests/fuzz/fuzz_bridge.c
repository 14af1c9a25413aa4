/* SPDX-License-Identifier: MIT */
/*
 * A bridge whose other broker is hostile, and a subscriber and a publisher here. The input is one
 * byte of options and a script of steps:
 *
 *     0  receive: a length byte, then that many bytes, added to what is left over
 *     1  cut the connection and open it again
 *     2  let time pass: a byte of quarter seconds, squared
 *     3  publish here: a byte that says QoS, retain and topic
 *     4  the other broker takes all that was sent
 *     5  a packet that a broker may send, chosen by a byte
 *     6  replace the bridge by a successor
 *
 * Whatever comes in, what goes out is a sequence of whole packets, beginning with one CONNECT;
 * nothing is published here but what was asked for; and everything is freed at the end.
 */
#include "broker/core/bridge.h"
#include "broker/core/router.h"
#include "tests/unit/broker/core/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

enum { MAX_HELD = 8192 };

struct bench {
	struct shard *shard;
	struct policy *policy;
	struct bridge_topics topics;
	struct bridge_options options;
	struct bridge *bridge;
	struct client *other;	/* the connection to the other broker */
	struct client *watcher; /* subscribed to # */
	struct str input, sent, seen;
	uint64_t packets; /* to the other broker on this connection */
	unsigned downs, opened;
	struct instant now;
};

static void on_up(void *owner, bool session_present)
{
	(void)session_present;
	REQUIRE(((struct bench *)owner)->bridge->state == BRIDGE_UP);
}

static void on_down(void *owner, enum bridge_end how, enum mqtt_reason reason)
{
	(void)how;
	(void)reason;
	((struct bench *)owner)->downs++;
}

static void on_refused_topic(void *owner, struct span filter, enum mqtt_reason reason)
{
	(void)owner;
	REQUIRE(filter.len > 0 && mqtt_reason_is_failure(reason));
}

static void on_wanted(void *owner)
{
	(void)owner;
}

static void add_topic(struct bench *b, const char *text)
{
	struct settings_report report = { 0 };
	struct settings_line line = { .file = "", .rest = span_of_text(text), .report = &report };

	REQUIRE(bridge_topics_add(&b->topics, &line));
}

static void create(struct bench *b)
{
	struct bridge_port port = { b, on_up, on_down, on_refused_topic, on_wanted };

	b->bridge = bridge_create(b->shard, &b->options, &port, b->policy, b->now);
}

static void open_connection(struct bench *b)
{
	b->other = bridge_open(b->bridge, NULL, b->now);
	b->packets = 0;
	b->opened++;
	str_clear(&b->input);
	str_clear(&b->sent);
}

/* Whole packets, and only such as a client sends. */
static void check_sent(struct bench *b)
{
	static const unsigned allowed =
			1U << PACKET_PUBLISH | 1U << PACKET_PUBACK | 1U << PACKET_PUBREC |
			1U << PACKET_PUBREL | 1U << PACKET_PUBCOMP | 1U << PACKET_SUBSCRIBE |
			1U << PACKET_UNSUBSCRIBE | 1U << PACKET_PINGREQ | 1U << PACKET_DISCONNECT;
	struct frame f;
	size_t at = 0;

	rig_drain(b->other, &b->sent, SIZE_MAX, b->now);
	while (frame_next(span_from(str_span(&b->sent), at), SIZE_MAX, &f) == FRAME_COMPLETE) {
		REQUIRE(b->packets++ == 0 ? f.type == PACKET_CONNECT
					  : (allowed >> f.type & 1) != 0);
		at += f.size;
	}
	REQUIRE(at == b->sent.len);
	str_clear(&b->sent);
}

static void check_seen(struct bench *b)
{
	static const struct span names[] = { SPAN("here/"), SPAN("out/"), SPAN("in/"), SPAN("l/") };
	struct served s;
	size_t at = 0;
	int found;

	rig_drain(b->watcher, &b->seen, SIZE_MAX, b->now);
	while ((found = rig_next(&b->seen, &at, MQTT_3_1_1, &s)) == 1) {
		bool is_meant = s.type != PACKET_PUBLISH || span_equal_text(s.topic, "l");

		for (size_t i = 0; i < array_size(names); i++)
			is_meant |= span_starts_with(s.topic, names[i]);
		REQUIRE(is_meant || span_equal_text(s.topic, "in"));
	}
	REQUIRE(found == 0);
	str_clear(&b->seen);
}

static void receive(struct bench *b)
{
	size_t size = b->input.len;
	uint8_t *exact = xmemdup(str_text(&b->input), size);
	struct client_progress p = client_receive(b->other, span_of(exact, size), b->now);

	free(exact);
	REQUIRE(p.consumed <= size);
	REQUIRE(b->other->state != CLIENT_CLOSING || p.consumed == size);
	REQUIRE((b->other->state == CLIENT_CLOSING) == (b->bridge->client == NULL));
	str_remove_front(&b->input, p.consumed);
	if (b->input.len > MAX_HELD)
		str_clear(&b->input);
}

static struct span ready_packet(uint8_t number)
{
	static const struct span packets[] = {
		SPAN("\x20\2\0\0"),
		SPAN("\x20\2\1\0"),
		SPAN("\x20\2\0\1"),
		SPAN("\x20\3\0\0\0"),
		SPAN("\x20\3\1\0\0"),
		SPAN("\x20\3\0\x9a\0"),
		SPAN("\x20\3\0\x9b\0"),
		SPAN("\x20\x0c\0\0\x09\x21\0\1\x24\1\x25\0\x22\0\5"),
		SPAN("\x20\x0d\0\0\x0a\x27\0\0\0\x18\x24\0\x13\0\1"),
		SPAN("\x90\3\xff\xff\2\x90\3\xff\xfe\1\xb0\2\xff\xfd"),
		SPAN("\x90\4\xff\xff\0\2\x90\4\xff\xfe\0\x87\xb0\4\xff\xfd\0\x11"),
		SPAN("\x30\x06\0\4in/xy"),
		SPAN("\x31\x06\0\4in/xy"),
		SPAN("\x32\x08\0\4in/x\0\1y"),
		SPAN("\x34\x08\0\4in/x\0\2y"),
		SPAN("\x34\x07\0\3r/x\0\3y"),
		SPAN("\x34\x06\0\2no\0\4y"),
		SPAN("\x30\x07\0\4in/x\0y"),
		SPAN("\x32\x09\0\4in/x\0\1\0y"),
		SPAN("\x34\x09\0\4in/x\0\2\0y"),
		SPAN("\x30\x0a\0\4in/x\3\x23\0\1y"),
		SPAN("\x30\x06\0\0\3\x23\0\1"),
		SPAN("\x62\2\0\2"),
		SPAN("\x40\2\0\1"),
		SPAN("\x50\2\0\1"),
		SPAN("\x70\2\0\1"),
		SPAN("\x50\2\0\2"),
		SPAN("\x70\2\0\2"),
		SPAN("\xd0\0"),
		SPAN("\xe0\0"),
		SPAN("\xe0\2\x8b\0"),
	};

	return packets[number % array_size(packets)];
}

static void publish(struct bench *b, uint8_t how)
{
	static const char *const topics[] = { "here/a", "out/a", "l/a", "l/b/c" };
	struct message *m = message_create(span_of_text(topics[how >> 4 & 3]), NULL,
			span_of("payload", how >> 6), how % 3, (how & 8) != 0, b->now);

	router_publish(b->shard, NULL, m, NULL, b->now);
	message_unref(m);
}

static void step(struct bench *b, struct reader *script)
{
	uint64_t quarters;

	switch (read_u8(script) & 7) {
	case 0:
		str_append(&b->input, read_bytes(script, read_u8(script)));
		receive(b);
		break;
	case 1:
		client_destroy(b->other, b->now);
		open_connection(b);
		break;
	case 2:
		quarters = read_u8(script);
		b->now = instant_after(b->now, milliseconds((int64_t)(quarters * quarters) * 250));
		shard_run_timers(b->shard, b->now);
		break;
	case 3:
		publish(b, read_u8(script));
		break;
	case 4:
		check_sent(b);
		break;
	case 6:
		bridge_destroy(b->bridge, (read_u8(script) & 1) != 0, b->now);
		client_destroy(b->other, b->now);
		create(b);
		open_connection(b);
		break;
	default:
		str_append(&b->input, ready_packet(read_u8(script)));
		receive(b);
		break;
	}
}

static void work(struct bench *b)
{
	work_begin_turn(&b->shard->work);
	for (unsigned turns = 0; shard_has_work(b->shard); turns++) {
		REQUIRE(turns < 100);
		shard_work(b->shard, b->now);
	}
	while (shard_next_dirty(b->shard) != NULL) {
	}
}

static void begin(struct bench *b, uint8_t choice, const struct limits *limits)
{
	b->shard = shard_create(limits, NULL, 42, 43);
	b->policy = policy_create();
	add_topic(b, "in/# in 2");
	add_topic(b, "# both 1 l/ r/");
	add_topic(b, "out/# out 2");
	b->options = (struct bridge_options){ .name = "b",
		.topics = &b->topics,
		.local_client_id = "local.b",
		.remote_client_id = "b",
		.notification_topic = choice & 1 ? "in/state" : NULL,
		.version = MQTT_3_1 + (choice >> 1 & 3) % 3,
		.clean_start = (choice & 8) != 0,
		.local_clean_start = (choice & 16) != 0,
		.is_lazy = (choice & 32) != 0,
		.threshold = 2,
		.try_private = true,
		.attempt_unsubscribe = true,
		.outgoing_retain = (choice & 64) != 0,
		.keep_alive = 30 };
	b->watcher = rig_client(b->shard, NULL, b->now);
	client_receive(b->watcher, span_of("\x10\x0d\0\4MQTT\4\2\0\0\0\1w\x82\x06\0\1\0\1#\0", 23),
			b->now);
	create(b);
	open_connection(b);
}

static void check(struct bench *b)
{
	work(b);
	check_seen(b);
	REQUIRE(b->bridge->client == NULL || b->bridge->client == b->other);
	REQUIRE(b->downs <= b->opened);
}

static void end(struct bench *b)
{
	check_sent(b);
	bridge_destroy(b->bridge, true, b->now);
	client_destroy(b->other, b->now);
	REQUIRE(b->downs == b->opened);
	client_destroy(b->watcher, b->now);
	shard_destroy(b->shard);
	policy_unref(b->policy);
	bridge_topics_finish(&b->topics);
	str_finish(&b->input);
	str_finish(&b->sent);
	str_finish(&b->seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader script = reader_of(span_of(data, size));
	struct limits limits = rig_limits();
	struct bench b = { .now = { 1000000000 } };
	uint8_t choice = read_u8(&script);

	limits.max_packet_size = 4096;
	limits.max_queued_messages = 5;
	limits.max_inflight_messages = choice & 128 ? 2 : 20;
	begin(&b, choice, &limits);
	while (reader_left(&script) > 0) {
		step(&b, &script);
		check(&b);
	}
	end(&b);
	return 0;
}
