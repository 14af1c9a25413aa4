/* SPDX-License-Identifier: MIT */
/*
 * Two connections at a time to one shard. The input is a script of steps, each one byte of what
 * to do with which client, and its arguments:
 *
 *     0  receive: a length byte, then that many bytes, added to what is left over
 *     1  receive the same in pieces of the size given by one more byte
 *     2  drop the connection and make a new one
 *     3  let time pass: a byte of quarter seconds, squared
 *     4  take some of the output: a byte times 64
 *     5  take all of the output
 *     6  a CONNECT, SUBSCRIBE, PUBLISH or acknowledgement, well formed, chosen by a byte
 *
 * Whatever comes in, what goes out is a sequence of whole packets that a server may send, in the
 * version that the client spoke, beginning with one CONNACK; and everything is freed at the end.
 */
#include "tests/unit/broker/core/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

enum { CLIENTS = 2, MAX_HELD = 8192 };

struct peer {
	struct client *client;
	struct str input;  /* not consumed yet */
	struct str output; /* taken, not parsed yet */
	uint64_t packets;  /* of the server, so far */
	bool is_over;	   /* DISCONNECT or a refusal was sent */
};

struct bench {
	struct shard *shard;
	struct peer peers[CLIENTS];
	struct instant now;
};

static void connect_peer(struct bench *b, struct peer *p)
{
	p->client = rig_client(b->shard, p, b->now);
	p->packets = 0;
	p->is_over = false;
	str_clear(&p->input);
	str_clear(&p->output);
}

static void take_output(struct bench *b, struct peer *p, size_t most)
{
	struct served packet;
	size_t at = 0;
	int found;

	rig_drain(p->client, &p->output, most, b->now);
	while ((found = rig_next(&p->output, &at, p->client->version, &packet)) == 1) {
		REQUIRE(!p->is_over);
		REQUIRE((packet.type == PACKET_CONNACK) == (p->packets == 0));
		p->packets++;
		p->is_over = packet.type == PACKET_DISCONNECT ||
			     (packet.type == PACKET_CONNACK && packet.reason != 0);
	}
	REQUIRE(found == 0);
	str_remove_front(&p->output, at);
}

static void receive(struct bench *b, struct peer *p)
{
	/* of the exact size, so that a sanitizer sees a read behind what has come */
	size_t size = p->input.len;
	uint8_t *exact = xmemdup(str_text(&p->input), size);
	struct client_progress progress = client_receive(p->client, span_of(exact, size), b->now);

	free(exact);
	REQUIRE(progress.consumed <= size);
	REQUIRE(p->client->state != CLIENT_CLOSING || progress.consumed == size);
	REQUIRE(!progress.has_more); /* so much is not in one script */
	REQUIRE(progress.wanted == 0 || progress.wanted > size - progress.consumed);
	str_remove_front(&p->input, progress.consumed);
	if (p->input.len > MAX_HELD)
		str_clear(&p->input); /* lost: the rest of a packet nobody will send */
}

static void receive_in_pieces(struct bench *b, struct peer *p, struct span bytes, size_t piece)
{
	piece = piece > 0 ? piece : 1;
	while (bytes.len > 0) {
		str_append(&p->input, span_first(bytes, piece));
		receive(b, p);
		bytes = span_from(bytes, piece);
	}
}

/* What gets the fuzzer past the door, so that it need not find lengths by itself. */
static struct span ready_packet(uint8_t number)
{
	static const struct span packets[] = {
		SPAN("\x10\x0d\0\4MQTT\4\2\0\0\0\1a"),
		SPAN("\x10\x0d\0\4MQTT\4\0\0\0\0\1b"),
		SPAN("\x10\x0e\0\4MQTT\5\2\0\0\0\0\1a"),
		SPAN("\x10\x13\0\4MQTT\5\0\0\1\5\x11\0\0\0\2\0\1b"),
		SPAN("\x10\x16\0\4MQTT\5\0\0\0\x08\x11\xff\xff\xff\xff\x21\0\1\0\1b"),
		SPAN("\x10\x1c\0\4MQTT\5\x2c\0\1\5\x11\0\0\0\7\0\1a\0\0\3a/b\0\1w"),
		SPAN("\x10\x22\0\4MQTT\5\x34\0\0\5\x11\0\0\0\7\0\1b\5\x18\0\0\0\3\0\3a/b\0\2ww"),
		SPAN("\x10\x0f\0\6MQIsdp\3\2\0\0\0\1a"),
		SPAN("\x82\x06\0\1\0\1#\2"),
		SPAN("\x82\x08\0\1\0\3a/+\1"),
		SPAN("\x82\x0b\0\2\2\x0b\7\0\3a/#\2"),
		SPAN("\x82\x0b\0\3\2\x0b\x09\0\3+/#\4"),
		SPAN("\x82\x07\0\6\0\0\1#\1"),
		SPAN("\xa2\x05\0\4\0\1#"),
		SPAN("\xa2\x06\0\5\0\0\1#"),
		SPAN("\x30\x06\0\3a/bx"),
		SPAN("\x31\x07\0\3a/b\0x"),
		SPAN("\x32\x08\0\3a/b\0\1x"),
		SPAN("\x33\x09\0\3a/b\0\1\0x"),
		SPAN("\x34\x09\0\3a/b\0\2\0x"),
		SPAN("\x35\x08\0\3a/b\0\2x"),
		SPAN("\x31\x05\0\3a/b"),
		SPAN("\x30\x0c\0\3a/b\5\2\0\0\0\1x"),
		SPAN("\x32\x0c\0\3a/b\0\3\3\x23\0\1x"),
		SPAN("\x32\x09\0\0\0\4\3\x23\0\1x"),
		SPAN("\x40\2\0\1"),
		SPAN("\x50\2\0\1"),
		SPAN("\x62\2\0\2"),
		SPAN("\x70\2\0\1"),
		SPAN("\xc0\0"),
		SPAN("\xe0\0"),
		SPAN("\xe0\1\4"),
		SPAN("\xe0\7\0\5\x11\0\0\0\1"),
	};

	return packets[number % array_size(packets)];
}

/* The end of a turn, which may have put work off. */
static void work(struct bench *b)
{
	work_begin_turn(&b->shard->work);
	for (unsigned turns = 0; shard_has_work(b->shard); turns++) {
		REQUIRE(turns < 100);
		shard_work(b->shard, b->now);
	}
}

static void step(struct bench *b, struct reader *script)
{
	uint8_t what = read_u8(script);
	struct peer *p = &b->peers[what >> 4 & 1];
	uint64_t quarters;
	uint8_t piece;

	switch (what & 7) {
	case 0:
		str_append(&p->input, read_bytes(script, read_u8(script)));
		receive(b, p);
		break;
	case 1:
		piece = read_u8(script);
		receive_in_pieces(b, p, read_bytes(script, read_u8(script)), piece);
		break;
	case 2:
		client_destroy(p->client, b->now);
		connect_peer(b, p);
		break;
	case 3:
		quarters = read_u8(script);
		b->now = instant_after(b->now, milliseconds((int64_t)(quarters * quarters) * 250));
		shard_run_timers(b->shard, b->now);
		REQUIRE(instant_before(b->now, shard_next_deadline(b->shard)));
		break;
	case 4:
		take_output(b, p, (size_t)read_u8(script) * 64);
		break;
	case 5:
		take_output(b, p, SIZE_MAX);
		break;
	default:
		str_append(&p->input, ready_packet(read_u8(script)));
		receive(b, p);
		break;
	}
}

/* The dirty list has each client that has output, once. */
static void check_dirty(struct bench *b)
{
	unsigned listed = 0;

	for (struct client *c = b->shard->dirty; c != NULL; c = c->next_dirty) {
		REQUIRE(c->is_dirty);
		REQUIRE(++listed <= CLIENTS);
	}
	while (shard_next_dirty(b->shard) != NULL) {
	}
	REQUIRE(b->shard->dirty == NULL);
	REQUIRE(b->shard->clients == CLIENTS);
}

static void check_sessions(struct bench *b)
{
	struct session *s, *next;
	size_t subscriptions = 0, sessions = 0;

	HASH_ITER (hh, b->shard->sessions.table, s, next) {
		sessions++;
		REQUIRE(s->client == NULL || s->client->session == s);
		REQUIRE(s->client == NULL || !timer_is_set(&s->expiry));
		REQUIRE(s->client == NULL || !timer_is_set(&s->will_timer));
		REQUIRE(!timer_is_set(&s->will_timer) || s->will.message != NULL);
		REQUIRE(s->inflight.unsent <= s->inflight.count);
		REQUIRE(s->outbox.count <= b->shard->limits->max_queued_messages);
		for (struct subscription *sub = s->subscriptions; sub != NULL;
				sub = sub->next_of_session)
			subscriptions++;
	}
	REQUIRE(subscriptions == b->shard->topics.subscriptions);
	REQUIRE(sessions == b->shard->sessions.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader script = reader_of(span_of(data, size));
	struct limits limits = rig_limits();
	struct bench b = { .now = { 1000000000 } };
	uint8_t options = read_u8(&script);

	limits.max_packet_size = 4096;
	limits.max_queued_messages = 5;
	limits.max_inflight_messages = options & 1 ? 2 : 20;
	limits.max_output_bytes = options & 2 ? 200 : 16384;
	limits.max_match_cache = options & 4 ? 0 : 3;
	limits.queue_qos0_messages = (options & 8) != 0;
	limits.max_inflight_bytes = options & 16 ? 100 : 0;
	limits.upgrade_outgoing_qos = (options & 32) != 0;
	b.shard = shard_create(&limits, NULL, 42, 43);
	for (size_t i = 0; i < CLIENTS; i++)
		connect_peer(&b, &b.peers[i]);
	while (reader_left(&script) > 0) {
		step(&b, &script);
		work(&b);
		check_dirty(&b);
		check_sessions(&b);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		take_output(&b, &b.peers[i], SIZE_MAX);
		client_destroy(b.peers[i].client, b.now);
		str_finish(&b.peers[i].input);
		str_finish(&b.peers[i].output);
	}
	shard_destroy(b.shard);
	return 0;
}
