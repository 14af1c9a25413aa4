/* SPDX-License-Identifier: MIT */
#include "tests/bench/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/memory.h"
#include "tests/bench/process.h"

enum { REPLY_MAX = 8192, FRAME_MAX = STREAM_SCRATCH - WEBSOCKET_HEADER_MAX };

bool endpoint_init(struct endpoint *e, const char *host, unsigned port, const char *cafile,
		bool is_websocket)
{
	*e = (struct endpoint){ .address = { .sin_family = AF_INET,
						.sin_port = htons((uint16_t)port) },
		.host = host,
		.is_websocket = is_websocket };
	if (inet_pton(AF_INET, host, &e->address.sin_addr) != 1) {
		fprintf(stderr, "loadgen: not an IPv4 address: %s\n", host);
		return false;
	}
	if (cafile != NULL && !tls_context_init(&e->tls, cafile, host))
		return false;
	e->scratch = memory_zeroed(1, STREAM_SCRATCH);
	return true;
}

void endpoint_finish(struct endpoint *e)
{
	tls_context_finish(&e->tls);
	free(e->scratch);
	e->scratch = NULL;
}

static int protocol_error(struct stream *s, const char *what)
{
	s->failure = what;
	return -EPROTO;
}

static int tls_error(struct stream *s)
{
	return protocol_error(s, tls_reason(s->reason, sizeof(s->reason)));
}

int stream_connect(struct stream *s, struct endpoint *e)
{
	int yes = 1;

	s->endpoint = e;
	s->state = STREAM_CONNECTING;
	s->failure = NULL;
	s->websocket = (struct websocket){ 0 };
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (connect(s->fd, (const struct sockaddr *)&e->address, sizeof(e->address)) < 0 &&
			errno != EINPROGRESS)
		return -errno;
	return 0;
}

int stream_flush(struct stream *s)
{
	while (stream_waiting(s) > 0) {
		ssize_t n = send(
				s->fd, s->out.data + s->out.start, stream_waiting(s), MSG_NOSIGNAL);

		if (n > 0)
			backlog_consume(&s->out, (size_t)n);
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static ssize_t receive_socket(struct stream *s, uint8_t *out, size_t size)
{
	ssize_t n;

	do
		n = recv(s->fd, out, size, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t receive_tls(struct stream *s, uint8_t *out, size_t size)
{
	uint8_t *scratch = s->endpoint->scratch;
	ssize_t n = receive_socket(s, scratch, STREAM_SCRATCH);

	if (n <= 0)
		return n;
	tls_feed(&s->tls, scratch, (size_t)n);
	n = tls_read(&s->tls, out, size);
	if (n == TLS_FAILED)
		return tls_error(s);
	return n == TLS_CLOSED ? 0 : n == 0 ? -EAGAIN : n;
}

static ssize_t receive_below_websocket(struct stream *s, uint8_t *out, size_t size)
{
	return s->tls.ssl != NULL ? receive_tls(s, out, size) : receive_socket(s, out, size);
}

/* Bytes that nothing but TLS and the socket still changes. */
static int send_below_websocket(struct stream *s, const uint8_t *data, size_t len)
{
	if (s->tls.ssl == NULL)
		backlog_append(&s->out, data, len);
	else if (!tls_write(&s->tls, data, len))
		return tls_error(s);
	return stream_flush(s);
}

static int send_frame(
		struct stream *s, enum websocket_opcode opcode, const uint8_t *data, size_t len)
{
	uint8_t *frame = s->endpoint->scratch;
	size_t n;

	s->websocket.mask = s->websocket.mask * 0x9e3779b1u + 0x7f4a7c15u;
	n = websocket_frame(frame, opcode, data, len, s->websocket.mask);
	return send_below_websocket(s, frame, n);
}

static int begin_upgrade(struct stream *s)
{
	char key[WEBSOCKET_KEY_SIZE], request[512];

	s->state = STREAM_UPGRADING;
	s->reply.start = s->reply.end = 0;
	s->websocket.mask = (uint32_t)clock_ns() ^ (uint32_t)s->fd;
	websocket_key(key, (uint64_t)s->fd);
	websocket_request(request, sizeof(request), s->endpoint->host,
			ntohs(s->endpoint->address.sin_port), key);
	return send_below_websocket(s, (const uint8_t *)request, strlen(request));
}

static int read_upgrade(struct stream *s, uint8_t *buffer, size_t size)
{
	ssize_t n = receive_below_websocket(s, buffer, size);
	char key[WEBSOCKET_KEY_SIZE], *reply, *end;
	const char *reason;

	if (n <= 0)
		return n == 0 ? protocol_error(s, "the broker closed instead of a WebSocket answer")
			      : (int)n;
	backlog_append(&s->reply, buffer, (size_t)n);
	backlog_append(&s->reply, "", 1);
	s->reply.end--; /* the NUL is for strstr() only */
	reply = (char *)s->reply.data;
	end = strstr(reply, "\r\n\r\n");
	if (end == NULL)
		return s->reply.end > REPLY_MAX
				       ? protocol_error(s, "the broker's HTTP answer has no end")
				       : -EAGAIN;
	websocket_key(key, (uint64_t)s->fd);
	if (!websocket_is_accepted(reply, key, &reason))
		return protocol_error(s, reason);
	if ((size_t)(end + 4 - reply) != s->reply.end)
		return protocol_error(s, "the broker sent MQTT before the CONNECT");
	backlog_finish(&s->reply);
	s->state = STREAM_OPEN;
	return 1;
}

/* The layers below are ready. */
static int rise(struct stream *s)
{
	int error;

	if (!s->endpoint->is_websocket) {
		s->state = STREAM_OPEN;
		return 1;
	}
	error = begin_upgrade(s);
	return error < 0 ? error : -EAGAIN;
}

static int shake_hands(struct stream *s)
{
	int done = tls_handshake(&s->tls), error = stream_flush(s);
	uint8_t early;

	if (done < 0)
		return tls_error(s);
	if (error < 0 && error != -EAGAIN)
		return error;
	if (done == 0)
		return -EAGAIN;
	/* Session tickets may have come with it; a broker has nothing else to say yet. */
	if (tls_read(&s->tls, &early, 1) != 0)
		return tls_error(s);
	return rise(s);
}

static int feed_handshake(struct stream *s)
{
	ssize_t n = receive_socket(s, s->endpoint->scratch, STREAM_SCRATCH);

	if (n <= 0)
		return n == 0 ? protocol_error(s, "the broker closed in the TLS handshake")
			      : (int)n;
	tls_feed(&s->tls, s->endpoint->scratch, (size_t)n);
	return shake_hands(s);
}

static int check_connected(struct stream *s)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	if (error != 0)
		return -error;
	if (s->endpoint->tls.ctx == NULL)
		return rise(s);
	s->state = STREAM_TLS;
	tls_init(&s->tls, &s->endpoint->tls, &s->out);
	return shake_hands(s);
}

int stream_advance(struct stream *s, uint8_t *buffer, size_t size)
{
	int error = stream_flush(s);

	if (error < 0)
		return error;
	switch (s->state) {
	case STREAM_CONNECTING:
		return check_connected(s);
	case STREAM_TLS:
		return feed_handshake(s);
	case STREAM_UPGRADING:
		return read_upgrade(s, buffer, size);
	case STREAM_OPEN:
		return 1;
	case STREAM_CLOSED:
		break;
	}
	return -ENOTCONN;
}

ssize_t stream_receive(struct stream *s, uint8_t *out, size_t size)
{
	ssize_t n = receive_below_websocket(s, out, size);
	int error;

	if (n <= 0 || !s->endpoint->is_websocket)
		return n;
	n = websocket_unframe(&s->websocket, out, (size_t)n);
	if (n < 0)
		return protocol_error(s, "the broker sent a WebSocket frame that no server may");
	if (s->websocket.is_pinged) {
		s->websocket.is_pinged = false;
		error = send_frame(s, WEBSOCKET_PONG, s->websocket.ping, s->websocket.ping_len);
		if (error < 0 && error != -EAGAIN)
			return error;
	}
	if (n == 0)
		return s->websocket.is_closed ? 0 : -EAGAIN;
	return n;
}

static ssize_t send_layered(struct stream *s, const uint8_t *data, size_t len)
{
	int error = stream_flush(s);

	if (error < 0)
		return error;
	if (len > FRAME_MAX)
		len = FRAME_MAX;
	if (s->endpoint->is_websocket)
		error = send_frame(s, WEBSOCKET_BINARY, data, len);
	else
		error = send_below_websocket(s, data, len);
	return error < 0 && error != -EAGAIN ? error : (ssize_t)len;
}

ssize_t stream_send(struct stream *s, const uint8_t *data, size_t len)
{
	ssize_t n;

	if (s->tls.ssl != NULL || s->endpoint->is_websocket)
		return send_layered(s, data, len);
	n = send(s->fd, data, len, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

static void release(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->state = STREAM_CLOSED;
	tls_finish(&s->tls);
	backlog_finish(&s->out);
	backlog_finish(&s->reply);
}

void stream_close(struct stream *s)
{
	if (s->state == STREAM_OPEN && stream_waiting(s) == 0) {
		if (s->endpoint->is_websocket)
			(void)send_frame(s, WEBSOCKET_CLOSE, (const uint8_t *)"\x03\xe8", 2);
		if (s->tls.ssl != NULL)
			tls_close(&s->tls);
		(void)stream_flush(s);
	}
	release(s);
}

void stream_reset(struct stream *s)
{
	struct linger reset = { .l_onoff = 1 };

	if (s->fd >= 0)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	release(s);
}
