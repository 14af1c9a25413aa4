/* SPDX-License-Identifier: MIT */
#include "broker/io/websocket.h"

#include <errno.h>

#include "common/mem.h"
#include "tests/unit/broker/io/memory_stream.h"

static struct memory_stream peer;
static struct stream *ws;
static uint8_t buffer[STREAM_MIN_RECEIVE];

#define REQUEST                                                                                    \
	"GET /mqtt HTTP/1.1\r\n"                                                                   \
	"Host: x\r\n"                                                                              \
	"Upgrade: websocket\r\n"                                                                   \
	"Connection: Upgrade\r\n"                                                                  \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                                          \
	"Sec-WebSocket-Protocol: mqtt\r\n"                                                         \
	"Sec-WebSocket-Version: 13\r\n"                                                            \
	"\r\n"

/* A new stream whose handshake has not begun. */
static int create(void **unused)
{
	struct text_list none = { 0 };
	struct http_upgrade_rules *rules = http_upgrade_rules_create(&none, HTTP_UPGRADE_SIZE);

	(void)unused;
	memory_stream_init(&peer);
	ws = websocket_create(&peer.base, rules);
	http_upgrade_rules_unref(rules);
	return 0;
}

static int destroy(void **unused)
{
	(void)unused;
	stream_destroy(ws);
	memory_stream_finish(&peer);
	return 0;
}

/* An open one, and the handshake forgotten. */
static int create_open(void **unused)
{
	create(unused);
	str_append(&peer.coming, BYTES(REQUEST));
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), -EAGAIN);
	assert_int_equal(stream_send(ws, NULL, 0), 0);
	str_clear(&peer.gone);
	peer.sends = 0;
	return 0;
}

enum { FIN = 0x80, CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* The client sends a frame, masked as RFC 6455 5.3 says. */
static void frame(unsigned first, struct span payload)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	uint8_t head[14] = { (uint8_t)first };
	size_t len = 2;

	if (payload.len < 126) {
		head[1] = (uint8_t)(0x80 | payload.len);
	} else if (payload.len < 65536) {
		head[1] = 0x80 | 126;
		head[len++] = (uint8_t)(payload.len >> 8);
		head[len++] = (uint8_t)payload.len;
	} else {
		head[1] = 0x80 | 127;
		for (unsigned shift = 64; shift > 0; shift -= 8)
			head[len++] = (uint8_t)((uint64_t)payload.len >> (shift - 8));
	}
	memcpy(head + len, mask, 4);
	str_append(&peer.coming, span_of(head, len + 4));
	for (size_t i = 0; i < payload.len; i++)
		str_append_byte(&peer.coming, (char)(payload.data[i] ^ mask[i % 4]));
}

/* What receive() brings until nothing is left; *ret_end is its last result. */
static struct str received(ssize_t *ret_end)
{
	struct str all = { 0 };
	ssize_t n;

	do {
		n = stream_receive(ws, buffer, sizeof(buffer));
		if (n > 0)
			str_append(&all, span_of(buffer, (size_t)n));
	} while (n > 0 || (n == -EAGAIN && peer.coming.len > 0));
	*ret_end = n;
	return all;
}

static void assert_received(struct span wanted)
{
	ssize_t end;
	struct str got = received(&end);

	assert_int_equal(end, -EAGAIN);
	assert_span_equal(str_span(&got), wanted);
	str_finish(&got);
}

static void assert_gone(struct span wanted)
{
	assert_span_equal(str_span(&peer.gone), wanted);
	str_clear(&peer.gone);
}

/* The frame that came is answered with a Close of this code, and that was all. */
static void assert_failed(uint16_t code)
{
	uint8_t wanted[] = { FIN | CLOSE, 2, (uint8_t)(code >> 8), (uint8_t)code };
	ssize_t end;
	struct str got = received(&end);

	assert_int_equal(end, -EPROTO);
	assert_int_equal(got.len, 0);
	assert_non_null(ws->failure);
	assert_gone(span_of(wanted, sizeof(wanted)));
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), 0);
	str_finish(&got);
}

static ssize_t send_one(struct span payload)
{
	return stream_send(ws, &payload, 1);
}

/* --- handshake ------------------------------------------------------------------------------ */

static void a_request_opens_the_stream(void **unused)
{
	(void)unused;
	peer.step = 7;
	str_append(&peer.coming, BYTES(REQUEST));
	assert_false(ws->is_open);
	assert_received(BYTES(""));
	assert_true(ws->is_open);
	assert_true(stream_wants_write(ws));
	assert_int_equal(stream_send(ws, NULL, 0), 0);
	assert_memory_equal(str_text(&peer.gone), "HTTP/1.1 101 ", 13);
	assert_memory_equal(str_text(&peer.gone) + peer.gone.len - 4, "\r\n\r\n", 4);
	assert_false(stream_wants_write(ws));
}

static void frames_right_behind_the_request_are_payload(void **unused)
{
	(void)unused;
	str_append(&peer.coming, BYTES(REQUEST));
	frame(FIN | BINARY, BYTES("early"));
	assert_received(BYTES("early"));
}

static void a_refused_request_gets_its_answer(void **unused)
{
	(void)unused;
	str_append(&peer.coming, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), -EPROTO);
	assert_non_null(ws->failure);
	assert_memory_equal(str_text(&peer.gone), "HTTP/1.1 404 ", 13);
	assert_false(ws->is_open);
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), 0);
	str_clear(&peer.gone);
	stream_shutdown(ws);
	assert_gone(BYTES("")); /* no Close: it is HTTP that was spoken */
	assert_true(peer.is_shut_down);
}

static void an_answer_that_did_not_get_out_is_sent_later(void **unused)
{
	(void)unused;
	peer.room = 5;
	str_append(&peer.coming, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), -EPROTO);
	assert_true(stream_wants_write(ws));
	assert_int_equal(stream_send(ws, NULL, 0), 0);
	peer.room = SIZE_MAX;
	assert_int_equal(stream_send(ws, NULL, 0), 0);
	assert_false(stream_wants_write(ws));
	assert_memory_equal(str_text(&peer.gone), "HTTP/1.1 404 Not Found\r\n", 24);
}

static void a_peer_may_leave_before_the_handshake(void **unused)
{
	(void)unused;
	str_append(&peer.coming, BYTES("GET / HT"));
	peer.is_closed = true;
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), -EAGAIN);
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), 0);
}

/* --- receiving ------------------------------------------------------------------------------ */

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

/* --- sending -------------------------------------------------------------------------------- */

static void what_is_sent_at_once_is_one_frame(void **unused)
{
	static const struct span spans[] = { SPAN("one "), SPAN("two "), SPAN("three") };

	(void)unused;
	assert_int_equal(stream_send(ws, spans, 3), 13);
	assert_int_equal(peer.sends, 1);
	assert_gone(BYTES("\x82\x0done two three"));
}

static void lengths_have_their_shortest_form(void **unused)
{
	static const size_t sizes[] = { 125, 126, 65535 };
	static const struct span heads[] = { SPAN("\x82\x7d"), SPAN("\x82\x7e\0\x7e"),
		SPAN("\x82\x7e\xff\xff") };
	uint8_t *payload = xcalloc(1, 65535);

	(void)unused;
	for (size_t i = 0; i < array_size(sizes); i++) {
		assert_int_equal(send_one(span_of(payload, sizes[i])), sizes[i]);
		assert_int_equal(peer.gone.len, heads[i].len + sizes[i]);
		assert_memory_equal(peer.gone.text, heads[i].data, heads[i].len);
		str_clear(&peer.gone);
	}
	free(payload);
}

static void more_than_a_frame_holds_goes_in_several(void **unused)
{
	uint8_t *payload = xcalloc(1, 150000);

	(void)unused;
	assert_int_equal(send_one(span_of(payload, 150000)), 150000);
	assert_int_equal(peer.gone.len, 150000 + 3 * 4);
	assert_memory_equal(peer.gone.text + 4 + 65535, "\x82\x7e\xff\xff", 4);
	assert_memory_equal(peer.gone.text + 2 * (4 + 65535), "\x82\x7e\x49\xf2", 4);
	free(payload);
}

/* Take payloads and return what came out of the frames, which is all that the peer sees. */
static void unframe(struct str *to)
{
	struct span rest = str_span(&peer.gone);

	while (rest.len > 0) {
		size_t len = rest.data[1], head = 2;

		assert_int_equal(rest.data[0], FIN | BINARY);
		if (len == 126) {
			len = (size_t)(rest.data[2] << 8 | rest.data[3]);
			head = 4;
		}
		assert_in_range(head + len, 0, rest.len);
		str_append(to, span_of(rest.data + head, len));
		rest = span_from(rest, head + len);
	}
}

static void a_full_socket_cuts_anywhere_and_nothing_is_lost(void **unused)
{
	struct dice d = { 7 };
	struct str out = { 0 }, wanted = { 0 }, got = { 0 };

	(void)unused;
	peer.room = 0;
	for (unsigned turn = 0; turn < 3000; turn++) {
		struct span spans[STREAM_MAX_SPANS];
		size_t count = 0, at = 0;
		ssize_t n;

		for (uint32_t more = dice_roll(&d, 200); more > 0; more--) {
			str_append_byte(&out, (char)dice_next(&d));
			str_append_byte(&wanted, out.text[out.len - 1]);
		}
		while (at < out.len && count < STREAM_MAX_SPANS) {
			size_t len = 1 + dice_roll(&d, 100);

			spans[count] = span_first(span_from(str_span(&out), at), len);
			at += spans[count++].len;
		}
		peer.room = dice_roll(&d, 4) == 0 ? dice_roll(&d, 12) : dice_roll(&d, 300);
		n = stream_send(ws, spans, count);
		assert_true(n > 0 || n == (at > 0 ? -EAGAIN : 0));
		if (n > 0)
			str_remove_front(&out, (size_t)n);
	}
	peer.room = SIZE_MAX;
	while (out.len > 0)
		str_remove_front(&out, (size_t)send_one(str_span(&out)));
	assert_false(stream_wants_write(ws));
	unframe(&got);
	assert_span_equal(str_span(&got), str_span(&wanted));
	str_finish(&out);
	str_finish(&wanted);
	str_finish(&got);
}

static void a_pong_waits_for_the_end_of_the_frame(void **unused)
{
	(void)unused;
	peer.room = 4;
	assert_int_equal(send_one(BYTES("reply")), 2);
	frame(FIN | PING, BYTES("?"));
	assert_received(BYTES(""));
	peer.room = SIZE_MAX;
	assert_int_equal(send_one(BYTES("ply and more")), 12);
	assert_gone(BYTES("\x82\5reply\x8a\1?\x82\x09 and more"));
}

/* --- the end -------------------------------------------------------------------------------- */

static void a_close_is_answered_with_its_code(void **unused)
{
	(void)unused;
	frame(FIN | CLOSE, BYTES("\x03\xe9going away"));
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), 0);
	assert_gone(BYTES("\x88\2\x03\xe9"));
	assert_true(peer.is_shut_down);
	assert_null(ws->failure);
}

static void an_empty_close_is_answered_with_one(void **unused)
{
	(void)unused;
	frame(FIN | CLOSE, BYTES(""));
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), 0);
	assert_gone(BYTES("\x88\0"));
}

static void payload_in_front_of_a_close_still_comes(void **unused)
{
	(void)unused;
	frame(FIN | BINARY, BYTES("\xe0\0"));
	frame(FIN | CLOSE, BYTES("\x03\xe8"));
	frame(FIN | BINARY, BYTES("too late"));
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), 2);
	assert_memory_equal(buffer, "\xe0\0", 2);
	assert_true(ws->is_ended); /* nobody has to ask again */
	assert_gone(BYTES("\x88\2\x03\xe8"));
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), 0);
}

static void a_close_has_a_code_that_may_be_sent(void **unused)
{
	static const uint16_t bad[] = { 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 };
	static const uint16_t good[] = { 1000, 1003, 1007, 1014, 3000, 4999 };

	(void)unused;
	for (size_t i = 0; i < array_size(bad); i++) {
		uint8_t code[2] = { (uint8_t)(bad[i] >> 8), (uint8_t)bad[i] };

		frame(FIN | CLOSE, span_of(code, 2));
		assert_failed(1002);
		destroy(NULL);
		create_open(NULL);
	}
	for (size_t i = 0; i < array_size(good); i++) {
		uint8_t code[2] = { (uint8_t)(good[i] >> 8), (uint8_t)good[i] };

		frame(FIN | CLOSE, span_of(code, 2));
		assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), 0);
		destroy(NULL);
		create_open(NULL);
	}
	frame(FIN | CLOSE, BYTES("\x03"));
	assert_failed(1002);
}

static void the_reason_of_a_close_is_utf8(void **unused)
{
	(void)unused;
	frame(FIN | CLOSE, BYTES("\x03\xe8\xff\xfe"));
	assert_failed(1007);
}

static void shutting_down_says_good_bye(void **unused)
{
	(void)unused;
	stream_shutdown(ws);
	assert_gone(BYTES("\x88\2\x03\xe8"));
	assert_true(peer.is_shut_down);
}

static void nothing_is_sent_behind_a_close(void **unused)
{
	(void)unused;
	frame(FIN | TEXT, BYTES("x"));
	assert_failed(1003);
	assert_int_equal(send_one(BYTES("DISCONNECT")), 10);
	assert_false(stream_wants_write(ws));
	stream_shutdown(ws);
	assert_gone(BYTES(""));
}

static void a_close_does_not_cut_a_frame_in_two(void **unused)
{
	(void)unused;
	peer.room = 4;
	assert_int_equal(send_one(BYTES("reply")), 2);
	peer.room = SIZE_MAX;
	frame(FIN | TEXT, BYTES("x"));
	assert_int_equal(stream_receive(ws, buffer, sizeof(buffer)), -EPROTO);
	assert_gone(BYTES("\x82\5re"));
	assert_int_equal(send_one(BYTES("ply and more")), 12);
	assert_gone(BYTES("ply"));
}

#define IN_HANDSHAKE(test) cmocka_unit_test_setup_teardown(test, create, destroy)
#define WHEN_OPEN(test)	   cmocka_unit_test_setup_teardown(test, create_open, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_HANDSHAKE(a_request_opens_the_stream),
		IN_HANDSHAKE(frames_right_behind_the_request_are_payload),
		IN_HANDSHAKE(a_refused_request_gets_its_answer),
		IN_HANDSHAKE(an_answer_that_did_not_get_out_is_sent_later),
		IN_HANDSHAKE(a_peer_may_leave_before_the_handshake),
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
		WHEN_OPEN(what_is_sent_at_once_is_one_frame),
		WHEN_OPEN(lengths_have_their_shortest_form),
		WHEN_OPEN(more_than_a_frame_holds_goes_in_several),
		WHEN_OPEN(a_full_socket_cuts_anywhere_and_nothing_is_lost),
		WHEN_OPEN(a_pong_waits_for_the_end_of_the_frame),
		WHEN_OPEN(a_close_is_answered_with_its_code),
		WHEN_OPEN(an_empty_close_is_answered_with_one),
		WHEN_OPEN(payload_in_front_of_a_close_still_comes),
		WHEN_OPEN(a_close_has_a_code_that_may_be_sent),
		WHEN_OPEN(the_reason_of_a_close_is_utf8),
		WHEN_OPEN(shutting_down_says_good_bye),
		WHEN_OPEN(nothing_is_sent_behind_a_close),
		WHEN_OPEN(a_close_does_not_cut_a_frame_in_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
