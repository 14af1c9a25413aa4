/* SPDX-License-Identifier: MIT */
/*
 * The protocol's side of a connection. A read fills the loop's buffer and is parsed in place;
 * only the cut packet at its end is kept, so that thousands of idle clients cost the generator
 * nothing either.
 */
#include "tests/bench/client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/loop.h"
#include "tests/bench/process.h"

static void fail(struct client *c, const char *what)
{
	loop_fail(c->loop, "%s %u: %s", c->role, c->index, what);
}

void backlog_grow(struct backlog *b, size_t room)
{
	if (b->start > 0) {
		memmove(b->data, b->data + b->start, b->end - b->start);
		b->end -= b->start;
		b->start = 0;
	}
	if (b->capacity - b->end >= room)
		return;
	b->capacity = (b->capacity > 256 ? b->capacity : 256) * 2;
	if (b->capacity < b->end + room)
		b->capacity = b->end + room;
	b->data = memory_resized(b->data, b->capacity);
}

static void backlog_finish(struct backlog *b)
{
	free(b->data);
	*b = (struct backlog){ 0 };
}

static void watch(struct client *c, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (epoll_ctl(c->loop->epoll, operation, c->fd, &event) < 0)
		fail(c, strerror(errno));
}

void client_connect(struct client *c, const struct sockaddr_in *address)
{
	int yes = 1;

	c->state = CLIENT_CONNECTING;
	c->waits_for_room = true;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		fail(c, strerror(errno));
		return;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (connect(c->fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
			errno != EINPROGRESS) {
		fail(c, strerror(errno));
		return;
	}
	watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

void client_finish(struct client *c)
{
	uint8_t packet[CODEC_FIXED_HEADER_MAX];

	if (c->fd >= 0) {
		if (c->state == CLIENT_READY && client_unsent(c) == 0)
			(void)send(c->fd, packet, codec_disconnect(packet), MSG_NOSIGNAL);
		close(c->fd);
	}
	c->fd = -1;
	backlog_finish(&c->out);
	backlog_finish(&c->rest);
	free(c->filter);
	c->filter = NULL;
}

void client_mark_dirty(struct client *c)
{
	c->is_dirty = true;
	c->next_dirty = c->loop->dirty;
	c->loop->dirty = c;
}

static void greet(struct client *c)
{
	uint8_t packet[CODEC_SMALL_MAX];
	char id[64];
	size_t n;

	snprintf(id, sizeof(id), "loadgen-%d-%s-%u", (int)getpid(), c->role, c->index);
	n = codec_connect(packet, c->version, id);
	memcpy(client_reserve(c, n), packet, n);
	c->state = CLIENT_GREETING;
}

void client_writable(struct client *c)
{
	socklen_t len = sizeof(int);
	int error = 0;

	c->waits_for_room = false;
	if (c->state == CLIENT_CONNECTING) {
		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error != 0) {
			fail(c, strerror(error));
			return;
		}
		greet(c);
	}
	watch(c, EPOLL_CTL_MOD, EPOLLIN);
	client_flush(c);
}

void client_flush(struct client *c)
{
	while (client_unsent(c) > 0 && !c->waits_for_room) {
		ssize_t n = send(c->fd, c->out.data + c->out.start, client_unsent(c), MSG_NOSIGNAL);

		if (n > 0) {
			c->out.start += (size_t)n;
		} else if (errno == EAGAIN) {
			c->waits_for_room = true;
			watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
		} else if (errno != EINTR) {
			/* What the broker said before it closed is worth more than EPIPE. */
			client_readable(c);
			fail(c, strerror(errno));
			return;
		}
	}
	if (client_unsent(c) > 0)
		return;
	c->out.start = c->out.end = 0;
	if (c->state == CLIENT_READY)
		c->events->drained(c);
}

static void queue_ack(struct client *c, enum packet_type type, uint16_t id)
{
	codec_ack(client_reserve(c, CODEC_ACK_SIZE), type, id);
}

static void become_ready(struct client *c)
{
	c->state = CLIENT_READY;
	c->events->ready(c);
}

static void handle_connack(struct client *c, const struct packet *p)
{
	uint8_t packet[CODEC_SMALL_MAX];
	struct connack connack;
	size_t n;

	if (c->state != CLIENT_GREETING || !codec_read_connack(p, c->version, &connack)) {
		fail(c, "the broker sent a CONNACK that is malformed or out of place");
		return;
	}
	if (connack.reason != 0) {
		loop_fail(c->loop, "%s %u: the broker refused the connection, code 0x%02x", c->role,
				c->index, connack.reason);
		return;
	}
	c->receive_maximum = connack.receive_maximum;
	if (c->filter == NULL) {
		become_ready(c);
		return;
	}
	n = codec_subscribe(packet, c->version, c->filter, c->filter_qos);
	memcpy(client_reserve(c, n), packet, n);
	c->state = CLIENT_SUBSCRIBING;
}

static void handle_publish(struct client *c, const struct packet *p)
{
	struct delivery d;

	if (!codec_read_publish(p, c->version, &d)) {
		fail(c, "the broker sent a malformed PUBLISH");
		return;
	}
	if (d.qos > 0)
		queue_ack(c, d.qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, d.id);
	c->events->delivered(c, &d);
}

/* PUBACK, PUBREC, PUBREL, PUBCOMP. MQTT 5 may add a reason, of which 0x80 and above are errors. */
static void handle_ack(struct client *c, const struct packet *p)
{
	bool refused = p->len > 2 && p->body[2] >= 0x80;

	if (p->len < 2)
		fail(c, "the broker sent a malformed acknowledgement");
	else if (p->type == PACKET_PUBREL)
		queue_ack(c, PACKET_PUBCOMP, codec_u16(p->body));
	else if (p->type == PACKET_PUBREC && !refused)
		queue_ack(c, PACKET_PUBREL, codec_u16(p->body));
	else
		c->events->accepted(c, refused);
}

static void handle_packet(struct client *c, const struct packet *p)
{
	switch (p->type) {
	case PACKET_PUBLISH:
		handle_publish(c, p);
		break;
	case PACKET_PUBACK:
	case PACKET_PUBREC:
	case PACKET_PUBREL:
	case PACKET_PUBCOMP:
		handle_ack(c, p);
		break;
	case PACKET_CONNACK:
		handle_connack(c, p);
		break;
	case PACKET_SUBACK:
		if (c->state != CLIENT_SUBSCRIBING || p->len < 3 || p->body[p->len - 1] >= 0x80)
			fail(c, "the broker refused the subscription");
		else
			become_ready(c);
		break;
	case PACKET_DISCONNECT:
		loop_fail(c->loop, "%s %u: the broker sent DISCONNECT with reason 0x%02x", c->role,
				c->index, p->len > 0 ? p->body[0] : 0);
		break;
	default:
		fail(c, "the broker sent a packet no client expects");
	}
}

static void keep_rest(struct client *c, const uint8_t *data, size_t len)
{
	c->rest.start = c->rest.end = 0;
	if (len == 0)
		return;
	if (c->rest.capacity < len)
		backlog_grow(&c->rest, len);
	memcpy(c->rest.data, data, len);
	c->rest.end = len;
}

static void parse(struct client *c, const uint8_t *data, size_t len)
{
	struct packet packet;
	size_t at = 0;
	ssize_t n;

	while ((n = codec_next(data + at, len - at, &packet)) > 0) {
		at += (size_t)n;
		handle_packet(c, &packet);
		if (loop_failed(c->loop))
			return;
	}
	if (n < 0)
		fail(c, "the broker sent a malformed packet length");
	keep_rest(c, data + at, len - at);
}

void client_readable(struct client *c)
{
	struct loop *l = c->loop;
	size_t kept = c->rest.end;
	ssize_t n;

	if (l->capacity - kept < l->capacity / 2) { /* a packet larger than half the buffer */
		l->capacity *= 2;
		l->buffer = memory_resized(l->buffer, l->capacity);
	}
	if (kept > 0)
		memcpy(l->buffer, c->rest.data, kept);
	n = recv(c->fd, l->buffer + kept, l->capacity - kept, 0);
	l->now = clock_ns();
	if (n > 0)
		parse(c, l->buffer, kept + (size_t)n);
	else if (n == 0)
		fail(c, "the broker closed the connection");
	else if (errno != EAGAIN && errno != EINTR)
		fail(c, strerror(errno));
}
