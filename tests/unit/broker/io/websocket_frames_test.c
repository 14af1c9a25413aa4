/* SPDX-License-Identifier: MIT */
/*
 * The frames that a client sends: all kinds, in any pieces, and those that it may not send.
 */
#include "tests/unit/broker/io/websocket_rig.h"

static void the_masked_example_of_the_rfc_is_understood(void **unused)
{
	(void)unused;
	/* 5.7: "Hello", but binary */
	str_append(&peer.coming, BYTES("\x82\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"));
	assert_received(BYTES("Hello"));
}

/* [v5 MQTT-6.0.0-2] [v3 MQTT-6.0.0-2]: where a frame ends says nothing of packets */
static void frames_of_every_size_come_whole_in_any_pieces(void **unused)
{
	static const size_t sizes[] = { 0, 1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536,
		70000 };
	static const size_t steps[] = { 1, 2, 3, 1000, 4096, SIZE_MAX };
	struct str wanted = { 0 };

	(void)unused;
	for (size_t step = 0; step < array_size(steps); step++) {
		peer.step = steps[step];
		for (size_t i = 0; i < array_size(sizes); i++) {
			str_clear(&wanted);
			for (size_t n = 0; n < sizes[i]; n++)
				str_append_byte(&wanted, (char)(n * 7 + n / 256));
			frame(FIN | BINARY, str_span(&wanted));
			assert_received(str_span(&wanted));
		}
	}
	str_finish(&wanted);
}

static void fragments_are_one_stream_of_bytes(void **unused)
{
	(void)unused;
	frame(BINARY, BYTES("one "));
	frame(CONTINUATION, BYTES(""));
	frame(CONTINUATION, BYTES("two "));
	frame(FIN | CONTINUATION, BYTES("three "));
	frame(FIN | BINARY, BYTES("four"));
	assert_received(BYTES("one two three four"));
}

static void a_ping_between_fragments_is_answered(void **unused)
{
	(void)unused;
	frame(BINARY, BYTES("one "));
	frame(FIN | PING, BYTES("Hello"));
	frame(FIN | CONTINUATION, BYTES("two"));
	assert_received(BYTES("one two"));
	assert_true(stream_wants_write(ws));
	assert_int_equal(send_one(BYTES("reply")), 5);
	assert_gone(BYTES("\x8a\5Hello\x82\5reply"));
	assert_int_equal(peer.sends, 1);
	assert_false(stream_wants_write(ws));
}

static void a_flood_of_pings_is_answered_with_the_last(void **unused)
{
	uint8_t payload[125];

	(void)unused;
	peer.room = 0;
	for (unsigned i = 0; i < 5000; i++) {
		memset(payload, (int)i, sizeof(payload));
		frame(FIN | PING, span_of(payload, i % 126));
		assert_received(BYTES(""));
		assert_int_equal(stream_send(ws, NULL, 0), 0);
	}
	peer.room = SIZE_MAX;
	assert_int_equal(stream_send(ws, NULL, 0), 0);
	assert_false(stream_wants_write(ws));
	/* The first was under way already; then came the last alone. */
	memset(payload, 4999 & 0xff, sizeof(payload));
	assert_int_equal(peer.gone.len, 2 + 2 + 4999 % 126);
	assert_memory_equal(peer.gone.text, "\x8a\0\x8a", 3);
	assert_memory_equal(peer.gone.text + 4, payload, 4999 % 126);
}

static void a_pong_is_ignored(void **unused)
{
	(void)unused;
	frame(FIN | PONG, BYTES("unasked"));
	assert_received(BYTES(""));
	assert_false(stream_wants_write(ws));
}

/* [v5 MQTT-6.0.0-1] [v3 MQTT-6.0.0-1] */
static void text_is_refused_as_unsupported(void **unused)
{
	(void)unused;
	frame(FIN | TEXT, BYTES("Hello"));
	assert_failed(1003);
}

static void a_frame_that_is_not_masked_is_refused(void **unused)
{
	(void)unused;
	str_append(&peer.coming, BYTES("\x82\5Hello"));
	assert_failed(1002);
}

static void an_empty_frame_that_is_not_masked_is_refused(void **unused)
{
	(void)unused;
	str_append(&peer.coming, BYTES("\x82\0"));
	assert_failed(1002);
}

static void reserved_bits_are_refused(void **unused)
{
	(void)unused;
	for (unsigned bit = 0x10; bit < 0x80; bit <<= 1) {
		frame(FIN | bit | BINARY, BYTES("Hello"));
		assert_failed(1002);
		destroy(NULL);
		create_open(NULL);
	}
}

static void reserved_opcodes_are_refused(void **unused)
{
	static const uint8_t opcodes[] = { 3, 4, 5, 6, 7, 11, 12, 13, 14, 15 };

	(void)unused;
	for (size_t i = 0; i < array_size(opcodes); i++) {
		frame(FIN | opcodes[i], BYTES("Hello"));
		assert_failed(1002);
		destroy(NULL);
		create_open(NULL);
	}
}

static void control_frames_are_short_and_whole(void **unused)
{
	static const uint8_t opcodes[] = { CLOSE, PING, PONG };
	uint8_t payload[126] = { 3, 0xe8 };

	(void)unused;
	for (size_t i = 0; i < array_size(opcodes); i++) {
		frame(FIN | opcodes[i], span_of(payload, sizeof(payload)));
		assert_failed(1002);
		destroy(NULL);
		create_open(NULL);
		frame(opcodes[i], span_of(payload, 2));
		assert_failed(1002);
		destroy(NULL);
		create_open(NULL);
	}
}

static void fragments_out_of_order_are_refused(void **unused)
{
	(void)unused;
	frame(FIN | CONTINUATION, BYTES("never begun"));
	assert_failed(1002);
	destroy(NULL);
	create_open(NULL);
	frame(BINARY, BYTES("one"));
	assert_received(BYTES("one"));
	frame(FIN | BINARY, BYTES("not continued"));
	assert_failed(1002);
}

static void a_length_in_a_longer_form_is_refused(void **unused)
{
	static const struct span heads[] = {
		SPAN("\x82\xfe\0\x7d....x"),
		SPAN("\x82\xff\0\0\0\0\0\0\xff\xff....x"),
		SPAN("\x82\xff\x80\0\0\0\0\0\0\0....x"),
	};

	(void)unused;
	for (size_t i = 0; i < array_size(heads); i++) {
		str_append(&peer.coming, heads[i]);
		assert_failed(1002);
		destroy(NULL);
		create_open(NULL);
	}
}

static void a_length_alone_costs_nothing(void **unused)
{
	(void)unused;
	str_append(&peer.coming, BYTES("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0ab"));
	assert_received(BYTES("ab"));
	str_append(&peer.coming, BYTES("cd"));
	assert_received(BYTES("cd"));
}

#define IN_HANDSHAKE(test) cmocka_unit_test_setup_teardown(test, create, destroy)
#define WHEN_OPEN(test)	   cmocka_unit_test_setup_teardown(test, create_open, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WHEN_OPEN(the_masked_example_of_the_rfc_is_understood),
		WHEN_OPEN(frames_of_every_size_come_whole_in_any_pieces),
		WHEN_OPEN(fragments_are_one_stream_of_bytes),
		WHEN_OPEN(a_ping_between_fragments_is_answered),
		WHEN_OPEN(a_flood_of_pings_is_answered_with_the_last),
		WHEN_OPEN(a_pong_is_ignored),
		WHEN_OPEN(text_is_refused_as_unsupported),
		WHEN_OPEN(a_frame_that_is_not_masked_is_refused),
		WHEN_OPEN(an_empty_frame_that_is_not_masked_is_refused),
		WHEN_OPEN(reserved_bits_are_refused),
		WHEN_OPEN(reserved_opcodes_are_refused),
		WHEN_OPEN(control_frames_are_short_and_whole),
		WHEN_OPEN(fragments_out_of_order_are_refused),
		WHEN_OPEN(a_length_in_a_longer_form_is_refused),
		WHEN_OPEN(a_length_alone_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
