/* SPDX-License-Identifier: MIT */
#include "tests/bench/websocket.h"

#include <string.h>

#include "tests/unit/unit.h"

static void frames_are_masked_and_as_short_as_they_can_be(void **unused)
{
	static const struct {
		size_t len, header;
		uint8_t bytes[10];
	} rows[] = {
		{ 0, 2, { 0x82, 0x80 } },
		{ 5, 2, { 0x82, 0x85 } },
		{ 125, 2, { 0x82, 0xfd } },
		{ 126, 4, { 0x82, 0xfe, 0, 126 } },
		{ 65535, 4, { 0x82, 0xfe, 0xff, 0xff } },
		{ 65536, 10, { 0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0 } },
	};
	static uint8_t payload[65536], frame[65536 + WEBSOCKET_HEADER_MAX];

	(void)unused;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < array_size(rows); i++) {
		const uint8_t *mask = frame + rows[i].header;

		assert_int_equal(websocket_frame(frame, WEBSOCKET_BINARY, payload, rows[i].len,
						 0x12345678),
				rows[i].header + 4 + rows[i].len);
		assert_memory_equal(frame, rows[i].bytes, rows[i].header);
		for (size_t j = 0; j < rows[i].len; j++)
			assert_int_equal(mask[4 + j] ^ mask[j % 4], payload[j]);
	}
}

/* Feeds the bytes in pieces and gathers what is left of them; -1 when one was refused. */
static ssize_t unframe_in_pieces(
		struct websocket *w, struct span bytes, size_t piece, uint8_t *out, size_t size)
{
	uint8_t buffer[512];
	size_t len = 0;

	for (size_t at = 0; at < bytes.len; at += piece) {
		size_t n = bytes.len - at < piece ? bytes.len - at : piece;
		ssize_t got;

		memcpy(buffer, bytes.data + at, n);
		got = websocket_unframe(w, buffer, n);
		if (got < 0)
			return -1;
		assert_true(len + (size_t)got <= size);
		memcpy(out + len, buffer, (size_t)got);
		len += (size_t)got;
	}
	return (ssize_t)len;
}

static void payload_is_found_wherever_the_bytes_are_cut(void **unused)
{
	struct span bytes = BYTES("\x82\x03"
				  "abc"
				  "\x02\x02"
				  "de" /* a message of three frames with a ping inside */
				  "\x89\x04"
				  "ping"
				  "\x00\x00"
				  "\x80\x01"
				  "f"
				  "\x82\x7e\x00\x02"
				  "gh"
				  "\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x01"
				  "i");

	(void)unused;
	for (size_t piece = 1; piece <= bytes.len; piece++) {
		struct websocket w = { 0 };
		uint8_t out[64];

		assert_int_equal(unframe_in_pieces(&w, bytes, piece, out, sizeof(out)), 9);
		assert_memory_equal(out, "abcdefghi", 9);
		assert_true(w.is_pinged);
		assert_int_equal(w.ping_len, 4);
		assert_memory_equal(w.ping, "ping", 4);
		assert_false(w.is_closed);
	}
}

static void what_no_server_may_send_is_refused(void **unused)
{
	static const struct {
		const char *what;
		struct span bytes;
	} rows[] = {
		{ "masked", { (const uint8_t *)"\x82\x81\1\2\3\4x", 7 } },
		{ "text", { (const uint8_t *)"\x81\x01x", 3 } },
		{ "reserved bit", { (const uint8_t *)"\xc2\x01x", 3 } },
		{ "reserved opcode", { (const uint8_t *)"\x83\x01x", 3 } },
		{ "reserved control opcode", { (const uint8_t *)"\x8b\x00", 2 } },
		{ "continuation of nothing", { (const uint8_t *)"\x80\x01x", 3 } },
		{ "message inside a message", { (const uint8_t *)"\x02\x01x\x82\x01y", 6 } },
		{ "cut control frame", { (const uint8_t *)"\x09\x00", 2 } },
		{ "long control frame", { (const uint8_t *)"\x89\x7e\x00\x7e", 4 } },
		{ "data after the close", { (const uint8_t *)"\x88\x00\x82\x01x", 5 } },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct websocket w = { 0 };
		uint8_t out[64];

		print_message("%s\n", rows[i].what);
		assert_int_equal(unframe_in_pieces(&w, rows[i].bytes, 64, out, sizeof(out)), -1);
	}
}

static void a_close_frame_is_told(void **unused)
{
	struct websocket w = { 0 };
	uint8_t out[64];

	(void)unused;
	assert_int_equal(unframe_in_pieces(&w, BYTES("\x88\x02\x03\xe8"), 1, out, sizeof(out)), 0);
	assert_true(w.is_closed);
}

/* The key and the answer of RFC 6455, 1.3. */
#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void an_answer_has_to_agree_to_the_key_and_to_mqtt(void **unused)
{
	static const struct {
		const char *response;
		bool ok;
	} rows[] = {
		{ "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
		  "Upgrade\r\n"
		  "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
				true },
		{ "HTTP/1.1 101 \r\nsec-websocket-protocol:mqtt \r\nSEC-WEBSOCKET-ACCEPT: " ACCEPT
		  "\r\nupgrade: WebSocket\r\nconnection: upgrade\r\n\r\n",
				true },
		{ "HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
				false },
		{ "HTTP/1.1 101 OK\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
				false },
		{ "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
				false },
		{ "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		  "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
				false },
		{ "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
				false },
		{ "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		  "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol: mqttv3.1\r\n\r\n",
				false },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		const char *reason;

		print_message("%zu\n", i);
		assert_int_equal(websocket_is_accepted(rows[i].response, KEY, &reason), rows[i].ok);
		assert_int_equal(reason == NULL, rows[i].ok);
	}
}

static void keys_are_16_bytes_and_differ(void **unused)
{
	char a[WEBSOCKET_KEY_SIZE], b[WEBSOCKET_KEY_SIZE];

	(void)unused;
	websocket_key(a, 1);
	websocket_key(b, 2);
	assert_int_equal(strlen(a), 24);
	assert_string_equal(a + 22, "==");
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_masked_and_as_short_as_they_can_be),
		cmocka_unit_test(payload_is_found_wherever_the_bytes_are_cut),
		cmocka_unit_test(what_no_server_may_send_is_refused),
		cmocka_unit_test(a_close_frame_is_told),
		cmocka_unit_test(an_answer_has_to_agree_to_the_key_and_to_mqtt),
		cmocka_unit_test(keys_are_16_bytes_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
