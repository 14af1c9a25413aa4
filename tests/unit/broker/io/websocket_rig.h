/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket stream over one in memory, and the frames of its client.
 */
#ifndef TESTS_UNIT_BROKER_IO_WEBSOCKET_RIG_H
#define TESTS_UNIT_BROKER_IO_WEBSOCKET_RIG_H

#include <errno.h>

#include "broker/io/websocket.h"
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
static inline int create(void **unused)
{
	struct text_list none = { 0 };
	struct http_upgrade_rules *rules = http_upgrade_rules_create(&none, HTTP_UPGRADE_SIZE);

	(void)unused;
	memory_stream_init(&peer);
	ws = websocket_create(&peer.base, rules);
	http_upgrade_rules_unref(rules);
	return 0;
}

static inline int destroy(void **unused)
{
	(void)unused;
	stream_destroy(ws);
	memory_stream_finish(&peer);
	return 0;
}

/* An open one, and the handshake forgotten. */
static inline int create_open(void **unused)
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
static inline void frame(unsigned first, struct span payload)
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
static inline struct str received(ssize_t *ret_end)
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

static inline void assert_received(struct span wanted)
{
	ssize_t end;
	struct str got = received(&end);

	assert_int_equal(end, -EAGAIN);
	assert_span_equal(str_span(&got), wanted);
	str_finish(&got);
}

static inline void assert_gone(struct span wanted)
{
	assert_span_equal(str_span(&peer.gone), wanted);
	str_clear(&peer.gone);
}

/* The frame that came is answered with a Close of this code, and that was all. */
static inline void assert_failed(uint16_t code)
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

static inline ssize_t send_one(struct span payload)
{
	return stream_send(ws, &payload, 1);
}

#endif
