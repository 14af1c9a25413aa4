/* SPDX-License-Identifier: MIT */
#include "broker/io/websocket.h"

#include <errno.h>
#include <wslay/wslay.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "common/wire.h"

enum {
	MAX_FRAME = 65535, /* payload of one that is sent */
	KEPT_PENDING = 64, /* memory for headers that an idle connection may keep */
	MAX_CONTROL = 125, /* payload of Ping, Pong and Close, RFC 6455 5.5 */
};

struct websocket {
	struct stream base;
	struct http_upgrade *upgrade;	/* NULL: the handshake is over */
	wslay_frame_context_ptr frames; /* NULL before that */

	struct span raw;     /* received and not yet taken by wslay; empty between calls */
	uint64_t frame_left; /* payload still to come of the frame being received */
	bool in_message;     /* the next data frame continues one */
	uint8_t control[MAX_CONTROL];
	uint8_t control_len;

	struct str pending; /* goes before any payload: a response, headers, control frames */
	uint64_t owed;	    /* payload that a header in or before `pending` announced */
	uint8_t pong[MAX_CONTROL];
	uint8_t pong_len;
	bool is_pong_due;
	bool is_over; /* a Close was sent, or the handshake failed */
};

static struct websocket *websocket_of(struct stream *s)
{
	return container_of(s, struct websocket, base);
}

/* --- frames --------------------------------------------------------------------------------- */

/* wslay asks for more bytes. */
static ssize_t on_receive(uint8_t *buffer, size_t size, int flags, void *owner)
{
	struct websocket *ws = owner;
	struct span taken = span_first(ws->raw, size);

	(void)flags;
	if (taken.len == 0)
		return -1;
	memcpy(buffer, taken.data, taken.len);
	ws->raw = span_from(ws->raw, taken.len);
	return (ssize_t)taken.len;
}

/* wslay has made a header, or passes on a payload, which is NULL here: see append_header(). */
static ssize_t on_send(const uint8_t *data, size_t len, int flags, void *owner)
{
	struct websocket *ws = owner;

	(void)flags;
	if (data != NULL)
		str_append(&ws->pending, span_of(data, len));
	return (ssize_t)len;
}

/* The payload itself goes its own way. */
static void append_header(struct websocket *ws, enum wslay_opcode opcode, size_t payload)
{
	struct wslay_frame_iocb frame = { .fin = 1,
		.opcode = (uint8_t)opcode,
		.payload_length = payload,
		.data_length = payload };

	if (wslay_frame_send(ws->frames, &frame) < 0)
		abort();
}

/* Only between two frames. */
static void append_control(struct websocket *ws, enum wslay_opcode opcode, struct span payload)
{
	append_header(ws, opcode, payload.len);
	str_append(&ws->pending, payload);
}

static void open_frames(struct websocket *ws)
{
	static const struct wslay_frame_callbacks callbacks = { .recv_callback = on_receive,
		.send_callback = on_send };

	if (wslay_frame_context_init(&ws->frames, &callbacks, ws) != 0)
		abort();
}

/* --- sending -------------------------------------------------------------------------------- */

/* What is left of the spans behind the first `skip` bytes, at most `max` bytes; their number. */
static size_t cut_spans(const struct span *spans, size_t count, size_t skip, size_t max,
		struct span *pieces, size_t max_pieces)
{
	size_t n = 0;

	for (size_t i = 0; i < count && n < max_pieces && max > 0; i++) {
		struct span rest = span_first(span_from(spans[i], skip), max);

		skip -= skip < spans[i].len ? skip : spans[i].len;
		max -= rest.len;
		if (rest.len > 0)
			pieces[n++] = rest;
	}
	return n;
}

static size_t total_of(const struct span *spans, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += spans[i].len;
	return total;
}

/* Announce what comes next, when nothing is owed. */
static void start_frame(struct websocket *ws, size_t payload)
{
	if (ws->is_pong_due && ws->pending.len == 0) {
		append_control(ws, WSLAY_PONG, span_of(ws->pong, ws->pong_len));
		ws->is_pong_due = false;
	}
	if (payload == 0)
		return;
	ws->owed = payload < MAX_FRAME ? payload : MAX_FRAME;
	append_header(ws, WSLAY_BINARY_FRAME, ws->owed);
}

/*
 * One call of the stream below. Returns how much of the payload behind `skip` was taken, or
 * -errno; *ret_full when there was more than that.
 */
static ssize_t send_once(struct websocket *ws, const struct span *spans, size_t count, size_t skip,
		bool *ret_full)
{
	struct span pieces[STREAM_MAX_SPANS] = { str_span(&ws->pending) };
	size_t head = ws->pending.len, n = head > 0 ? 1 : 0;
	ssize_t sent;

	n += cut_spans(spans, count, skip, ws->owed, pieces + n, STREAM_MAX_SPANS - n);
	sent = stream_send(ws->base.below, pieces, n);
	*ret_full = sent < 0 || (size_t)sent < total_of(pieces, n);
	if (sent < 0)
		return sent;
	if (head > (size_t)sent)
		head = (size_t)sent;
	str_remove_front(&ws->pending, head);
	if (ws->pending.len == 0 && ws->pending.capacity > KEPT_PENDING)
		str_finish(&ws->pending);
	ws->owed -= (size_t)sent - head;
	return sent - (ssize_t)head;
}

static ssize_t websocket_send(struct stream *s, const struct span *spans, size_t count)
{
	struct websocket *ws = websocket_of(s);
	size_t total = total_of(spans, count), taken = 0;
	bool is_full = false;

	while (!is_full) {
		ssize_t n;

		if (ws->frames != NULL && !ws->is_over && ws->owed == 0)
			start_frame(ws, total - taken);
		if (ws->pending.len == 0 && (ws->owed == 0 || taken == total))
			break;
		n = send_once(ws, spans, count, taken, &is_full);
		if (n < 0 && (n != -EAGAIN || (taken == 0 && total > 0)))
			return n;
		if (n > 0)
			taken += (size_t)n;
	}
	if (ws->is_over)
		return (ssize_t)total; /* nobody listens any more */
	return taken == 0 && total > 0 ? -EAGAIN : (ssize_t)taken;
}

static bool websocket_wants_write(const struct stream *s)
{
	const struct websocket *ws = (const void *)s; /* `base` is its first member */

	return ws->pending.len > 0 || (ws->is_pong_due && !ws->is_over) ||
	       stream_wants_write(s->below);
}

/* Say good-bye, unless a frame is half sent: then nothing can be said any more. */
static void send_close(struct websocket *ws, struct span payload)
{
	if (ws->frames != NULL && !ws->is_over && ws->owed == 0)
		append_control(ws, WSLAY_CONNECTION_CLOSE, payload);
	ws->is_over = true;
	websocket_send(&ws->base, NULL, 0);
}

static void send_close_code(struct websocket *ws, enum wslay_status_code code)
{
	uint8_t bytes[2] = { (uint8_t)(code >> 8), (uint8_t)code };

	send_close(ws, span_of(bytes, sizeof(bytes)));
}

static void websocket_shutdown(struct stream *s)
{
	struct websocket *ws = websocket_of(s);

	if (!ws->is_over)
		send_close_code(ws, WSLAY_CODE_NORMAL_CLOSURE);
	stream_shutdown(s->below);
}

/* --- receiving ------------------------------------------------------------------------------ */

static ssize_t fail(struct websocket *ws, enum wslay_status_code code, const char *why)
{
	ws->base.failure = why;
	send_close_code(ws, code);
	return -EPROTO;
}

/* The handshake. What the buffer holds behind the request stays in ws->raw. */
static ssize_t shake_hands(struct websocket *ws)
{
	size_t used;
	enum http_upgrade_result result =
			http_upgrade_feed(ws->upgrade, ws->raw, &used, &ws->pending);

	if (result == HTTP_UPGRADE_INCOMPLETE)
		return -EAGAIN;
	ws->raw = span_from(ws->raw, used);
	ws->base.failure = http_upgrade_refusal(ws->upgrade);
	http_upgrade_destroy(ws->upgrade);
	ws->upgrade = NULL;
	if (result == HTTP_UPGRADE_REFUSED) {
		send_close(ws, span_of(NULL, 0));
		return -EPROTO;
	}
	open_frames(ws);
	ws->base.is_open = true;
	return 0;
}

static ssize_t check_frame(struct websocket *ws, const struct wslay_frame_iocb *frame)
{
	if (frame->mask == 0)
		return fail(ws, WSLAY_CODE_PROTOCOL_ERROR, "a frame was not masked");
	if (frame->rsv != 0)
		return fail(ws, WSLAY_CODE_PROTOCOL_ERROR, "a frame had reserved bits set");
	switch (frame->opcode) {
	case WSLAY_TEXT_FRAME: /* [v5 MQTT-6.0.0-1] */
		return fail(ws, WSLAY_CODE_UNSUPPORTED_DATA, "a frame was text, not binary");
	case WSLAY_BINARY_FRAME:
	case WSLAY_CONTINUATION_FRAME:
		if (ws->in_message != (frame->opcode == WSLAY_CONTINUATION_FRAME))
			return fail(ws, WSLAY_CODE_PROTOCOL_ERROR,
					"fragments of a message were out of order");
		ws->in_message = !frame->fin;
		return 0;
	case WSLAY_PING:
	case WSLAY_PONG:
	case WSLAY_CONNECTION_CLOSE:
		ws->control_len = 0;
		return 0;
	default:
		return fail(ws, WSLAY_CODE_PROTOCOL_ERROR, "a frame had an unknown opcode");
	}
}

/* RFC 6455 7.4: what an endpoint may send, 1005, 1006 and 1015 being for use inside alone */
static bool close_code_is_sound(uint16_t code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
	       (code >= 3000 && code <= 4999);
}

/* The peer says good-bye: it is told the same, and hears nothing more. */
static ssize_t end_of_close(struct websocket *ws)
{
	struct span payload = span_of(ws->control, ws->control_len);
	struct reader r = reader_of(payload);

	if (payload.len > 0 && !close_code_is_sound(read_u16(&r)))
		return fail(ws, WSLAY_CODE_PROTOCOL_ERROR, "a Close had no valid code");
	if (!utf8_valid(span_from(payload, 2)))
		return fail(ws, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "a Close was not UTF-8");
	send_close(ws, span_first(payload, 2));
	ws->base.is_ended = true;
	if (ws->pending.len == 0)
		stream_shutdown(ws->base.below); /* the server closes first, RFC 6455 7.1.1 */
	return 0;
}

static ssize_t end_of_frame(struct websocket *ws, uint8_t opcode)
{
	if (opcode == WSLAY_CONNECTION_CLOSE)
		return end_of_close(ws);
	if (opcode == WSLAY_PING) {
		memcpy(ws->pong, ws->control, ws->control_len);
		ws->pong_len = ws->control_len;
		ws->is_pong_due = true;
	}
	return 0;
}

/*
 * Unmask ws->raw into `buffer`, where it may stand itself: wslay has copied the bytes that are
 * overwritten, because payload is never longer than what brought it. Returns the bytes of payload.
 */
static ssize_t decode(struct websocket *ws, uint8_t *buffer)
{
	struct wslay_frame_iocb part;
	ssize_t len = 0, error = 0;

	while (error == 0 && !ws->is_over) {
		ssize_t n = wslay_frame_recv(ws->frames, &part);

		if (n == WSLAY_ERR_WANT_READ)
			break;
		if (n < 0)
			return fail(ws, WSLAY_CODE_PROTOCOL_ERROR, "a frame was malformed");
		if (ws->frame_left == 0) {
			error = check_frame(ws, &part);
			ws->frame_left = part.payload_length;
		}
		if (error == 0 && wslay_is_ctrl_frame(part.opcode)) {
			memcpy(ws->control + ws->control_len, part.data, part.data_length);
			ws->control_len += (uint8_t)part.data_length;
		} else if (error == 0) {
			memcpy(buffer + len, part.data, part.data_length);
			len += (ssize_t)part.data_length;
		}
		ws->frame_left -= part.data_length;
		if (error == 0 && ws->frame_left == 0)
			error = end_of_frame(ws, part.opcode);
	}
	return error < 0 ? error : len;
}

static ssize_t websocket_receive(struct stream *s, uint8_t *buffer, size_t size)
{
	struct websocket *ws = websocket_of(s);
	ssize_t n;

	if (ws->is_over)
		return 0;
	n = stream_receive(s->below, buffer, size);
	s->has_begun = s->has_begun || n > 0 || s->below->has_begun;
	if (n <= 0)
		return n;
	ws->raw = span_of(buffer, (size_t)n);
	n = s->is_open ? 0 : shake_hands(ws);
	if (n == 0)
		n = decode(ws, buffer);
	ws->raw = span_of(NULL, 0);
	return n != 0 || ws->is_over ? n : -EAGAIN;
}

static void websocket_destroy(struct stream *s)
{
	struct websocket *ws = websocket_of(s);

	stream_destroy(s->below);
	http_upgrade_destroy(ws->upgrade);
	wslay_frame_context_free(ws->frames);
	str_finish(&ws->pending);
	free(ws);
}

static const struct stream_class websocket_class = {
	.name = "WebSocket",
	.receive = websocket_receive,
	.send = websocket_send,
	.wants_write = websocket_wants_write,
	.shutdown = websocket_shutdown,
	.destroy = websocket_destroy,
};

bool websocket_is_available(void)
{
	return true;
}

struct stream *websocket_create(struct stream *below, struct http_upgrade_rules *rules)
{
	struct websocket *ws = xcalloc(1, sizeof(*ws));

	ws->base = (struct stream){ .class = &websocket_class, .below = below };
	ws->upgrade = http_upgrade_create(rules);
	return &ws->base;
}
