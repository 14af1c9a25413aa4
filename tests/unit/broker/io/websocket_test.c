/* SPDX-License-Identifier: MIT */
/*
 * The life of a WebSocket stream: how it is opened, what is sent on it, and its end.
 */
#include "tests/unit/broker/io/websocket_rig.h"

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
