/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket whose peer sends any bytes, in pieces, and takes what it is sent as it likes. The
 * first byte says whether a good request comes first. Then each step is a byte: below 0x80 so
 * many bytes come, from there on something is sent and the peer takes the low bits' number.
 * Payload is never longer than what brought it, and what is sent is a sequence of whole frames.
 */
#include "broker/io/websocket.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static const struct span request = SPAN("GET /mqtt HTTP/1.1\r\n"
					"Host: x\r\n"
					"Upgrade: websocket\r\n"
					"Connection: Upgrade\r\n"
					"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
					"Sec-WebSocket-Protocol: mqtt\r\n"
					"Sec-WebSocket-Version: 13\r\n"
					"\r\n");

struct peer {
	struct stream base;
	struct span coming;
	struct str gone;
	size_t room;
};

static struct peer *peer_of(struct stream *s)
{
	return container_of(s, struct peer, base);
}

static ssize_t peer_receive(struct stream *s, uint8_t *buffer, size_t size)
{
	struct peer *p = peer_of(s);
	struct span part = span_first(p->coming, size);

	if (part.len == 0)
		return -EAGAIN;
	memcpy(buffer, part.data, part.len);
	p->coming = span_from(p->coming, part.len);
	return (ssize_t)part.len;
}

static ssize_t peer_send(struct stream *s, const struct span *spans, size_t count)
{
	struct peer *p = peer_of(s);
	size_t taken = 0;

	REQUIRE(count <= STREAM_MAX_SPANS);
	for (size_t i = 0; i < count; i++) {
		struct span part = span_first(spans[i], p->room);

		str_append(&p->gone, part);
		p->room -= part.len;
		taken += part.len;
	}
	return taken == 0 && count > 0 ? -EAGAIN : (ssize_t)taken;
}

static void peer_shutdown(struct stream *s)
{
	(void)s;
}

static const struct stream_class peer_class = { .name = "peer",
	.receive = peer_receive,
	.send = peer_send,
	.shutdown = peer_shutdown,
	.destroy = peer_shutdown };

/* False when the stream has come to its end. */
static bool come(struct stream *ws, struct span bytes)
{
	static uint8_t buffer[STREAM_MIN_RECEIVE];
	ssize_t n;

	peer_of(ws->below)->coming = bytes;
	n = stream_receive(ws, buffer, sizeof(buffer));
	REQUIRE(n <= (ssize_t)bytes.len);
	REQUIRE(n <= 0 || ws->is_open);
	REQUIRE((n == -EPROTO) == (ws->failure != NULL));
	return n > 0 || n == -EAGAIN;
}

/* As a connection does: what was not taken is offered again, with more behind it. */
static void go(struct stream *ws, size_t more, size_t room, size_t *left)
{
	static const uint8_t payload[256] = { 0 };
	size_t total = *left + more;
	struct span spans[] = { span_of(payload, total / 2), span_of(payload, total - total / 2) };
	ssize_t n;

	peer_of(ws->below)->room = room;
	n = stream_send(ws, spans, ws->is_open ? array_size(spans) : 0);
	REQUIRE(n == -EAGAIN || (n >= 0 && n <= (ssize_t)total));
	if (ws->is_open)
		*left = total - (n > 0 ? (size_t)n : 0);
}

/* What went out behind the answer to the request: frames, none masked, all control ones short. */
static void require_frames(struct span out)
{
	size_t head = 0;

	while (head + 4 <= out.len && memcmp(out.data + head, "\r\n\r\n", 4) != 0)
		head++;
	out = span_from(out, head + 4);
	while (out.len >= 2) {
		size_t len = out.data[1];

		REQUIRE(out.data[0] == 0x82 || out.data[0] == 0x88 || out.data[0] == 0x8a);
		REQUIRE(len <= 125 || (len == 126 && out.data[0] == 0x82));
		if (len == 126 && out.len < 4)
			return;
		out = span_from(out, len == 126 ? 4 + (size_t)(out.data[2] << 8 | out.data[3])
						: 2 + len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_list none = { 0 };
	struct http_upgrade_rules *rules = http_upgrade_rules_create(&none, HTTP_UPGRADE_SIZE);
	struct peer p = { .base = { .class = &peer_class, .is_open = true } };
	struct stream *ws = websocket_create(&p.base, rules);
	struct span input = span_of(data, size);
	bool is_alive = true;
	size_t left = 0;

	if (size > 0 && data[0] & 1)
		is_alive = come(ws, request);
	for (input = span_from(input, 1); is_alive && input.len > 0;) {
		uint8_t step = input.data[0];

		input = span_from(input, 1);
		if (step < 0x80) {
			is_alive = come(ws, span_first(input, step));
			input = span_from(input, step);
		} else if (left < 128) {
			go(ws, step & 0x70, step & 0x0f, &left);
		} else {
			go(ws, 0, SIZE_MAX, &left);
		}
	}
	if (ws->is_open)
		require_frames(str_span(&p.gone));
	p.room = SIZE_MAX;
	stream_shutdown(ws);
	stream_destroy(ws);
	http_upgrade_rules_unref(rules);
	str_finish(&p.gone);
	return 0;
}
