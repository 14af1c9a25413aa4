/* SPDX-License-Identifier: MIT */
/*
 * The protocol's side of a connection. A read fills the loop's buffer and is parsed in place;
 * only the cut packet at its end is kept, so that thousands of idle clients cost the generator
 * nothing either.
 */
#include "tests/bench/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/bench/loop.h"
#include "tests/bench/memory.h"
#include "tests/bench/process.h"
#include "tests/bench/publication.h"

static void forget_connection(struct client *c)
{
	c->state = CLIENT_CLOSED;
	c->out.start = c->out.end = 0;
	backlog_finish(&c->rest);
}

__attribute__((format(printf, 2, 3))) static void fail(struct client *c, const char *format, ...)
{
	char what[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (c->events->broken == NULL)
		loop_fail(c->loop, "%s %u: %s", c->role, c->index, what);
	stream_reset(&c->stream);
	forget_connection(c);
	if (c->events->broken != NULL)
		c->events->broken(c);
}

static void fail_errno(struct client *c, int error)
{
	if (error == EPROTO && c->stream.failure != NULL)
		fail(c, "%s", c->stream.failure);
	else
		fail(c, "%s", strerror(error));
}

static void watch(struct client *c, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (epoll_ctl(c->loop->epoll, operation, c->stream.fd, &event) < 0)
		fail_errno(c, errno);
}

/* Ask for writability exactly while something waits for it. */
static void watch_room(struct client *c, bool waits)
{
	if (waits == c->waits_for_room)
		return;
	c->waits_for_room = waits;
	watch(c, EPOLL_CTL_MOD, EPOLLIN | (waits ? EPOLLOUT : 0));
}

void client_connect(struct client *c)
{
	int error;

	c->state = CLIENT_CONNECTING;
	c->waits_for_room = true;
	error = stream_connect(&c->stream, c->loop->endpoint);
	if (error < 0)
		fail_errno(c, -error);
	else
		watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

void client_vanish(struct client *c)
{
	stream_reset(&c->stream);
	forget_connection(c);
}

void client_finish(struct client *c)
{
	uint8_t packet[CODEC_FIXED_HEADER_MAX];

	if (c->state == CLIENT_READY && client_unsent(c) == 0)
		(void)stream_send(&c->stream, packet, codec_disconnect(packet));
	stream_close(&c->stream);
	c->state = CLIENT_CLOSED;
	backlog_finish(&c->out);
	backlog_finish(&c->rest);
	free(c->filter);
	c->filter = NULL;
}

void client_deafen(struct client *c)
{
	if (epoll_ctl(c->loop->epoll, EPOLL_CTL_DEL, c->stream.fd, NULL) < 0)
		fail_errno(c, errno);
}

void client_mark_dirty(struct client *c)
{
	c->is_dirty = true;
	c->next_dirty = c->loop->dirty;
	c->loop->dirty = c;
}

static char *name_or_null(const char *template, unsigned index)
{
	return template != NULL ? publication_name(template, index, 0, 1) : NULL;
}

static void greet(struct client *c)
{
	char *username = name_or_null(c->identity->username, c->index);
	char *password = name_or_null(c->identity->password, c->index);
	char *will_topic = name_or_null(c->identity->will_topic, c->index);
	uint8_t packet[CODEC_SMALL_MAX];
	char id[64];
	size_t n;

	snprintf(id, sizeof(id), "loadgen-%d-%s-%u", (int)getpid(), c->role, c->index);
	n = codec_connect(packet, &(struct connect){ .version = c->version,
						  .client_id = id,
						  .username = username,
						  .password = password,
						  .will_topic = will_topic,
						  .will_qos = c->identity->will_qos,
						  .will_number = c->index,
						  .is_durable = c->is_durable });
	memcpy(client_reserve(c, n), packet, n);
	c->state = CLIENT_GREETING;
	free(username);
	free(password);
	free(will_topic);
}

static void advance(struct client *c)
{
	int done = stream_advance(&c->stream, c->loop->buffer, c->loop->capacity);

	if (done < 0 && done != -EAGAIN) {
		fail_errno(c, -done);
		return;
	}
	if (done > 0)
		greet(c);
	watch_room(c, c->stream.state == STREAM_CONNECTING || client_unsent(c) > 0);
}

void client_writable(struct client *c)
{
	if (c->state == CLIENT_CONNECTING)
		advance(c);
	else if (c->state != CLIENT_CLOSED)
		watch_room(c, false);
	if (c->state != CLIENT_CLOSED && c->state != CLIENT_CONNECTING)
		client_flush(c);
}

void client_flush(struct client *c)
{
	int error = 0;

	if (c->state == CLIENT_CLOSED || c->state == CLIENT_CONNECTING)
		return;
	while (error == 0 && backlog_len(&c->out) > 0) {
		ssize_t n = stream_send(
				&c->stream, c->out.data + c->out.start, backlog_len(&c->out));

		if (n > 0)
			backlog_consume(&c->out, (size_t)n);
		else if (n != -EINTR)
			error = (int)n;
	}
	if (error == 0)
		error = stream_flush(&c->stream);
	if (error == -EAGAIN) {
		watch_room(c, true);
	} else if (error < 0) {
		/* What the broker said before it closed is worth more than EPIPE. */
		client_readable(c);
		if (c->state != CLIENT_CLOSED)
			fail_errno(c, -error);
	} else if (c->state == CLIENT_READY && c->events->drained != NULL) {
		c->events->drained(c);
	}
}

static void queue_ack(struct client *c, enum packet_type type, uint16_t id)
{
	codec_ack(client_reserve(c, CODEC_ACK_SIZE), type, id);
}

static void become_ready(struct client *c)
{
	c->state = c->leaves ? CLIENT_LEAVING : CLIENT_READY;
	if (c->leaves)
		codec_disconnect(client_reserve(c, CODEC_DISCONNECT_SIZE));
	else
		c->events->ready(c);
}

/* The broker has heard that the client leaves, and has closed. */
static void become_absent(struct client *c)
{
	stream_close(&c->stream);
	forget_connection(c);
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
		fail(c, "the broker refused the connection, code 0x%02x", connack.reason);
		return;
	}
	c->receive_maximum = connack.receive_maximum;
	if (c->filter == NULL) {
		become_ready(c);
		return;
	}
	n = codec_subscribe(packet, c->version, 1, c->filter, c->filter_qos);
	memcpy(client_reserve(c, n), packet, n);
	c->state = CLIENT_SUBSCRIBING;
}

static void handle_suback(struct client *c, const struct packet *p)
{
	bool refused = p->len < 3 || p->body[p->len - 1] >= 0x80;

	if (c->state == CLIENT_READY && c->events->granted != NULL)
		c->events->granted(c, refused);
	else if (c->state != CLIENT_SUBSCRIBING || refused)
		fail(c, "the broker refused the subscription");
	else
		become_ready(c);
}

static void handle_publish(struct client *c, const struct packet *p)
{
	struct delivery d;

	if (!codec_read_publish(p, c->version, &d) || c->events->delivered == NULL) {
		fail(c, "the broker sent a PUBLISH that is malformed or out of place");
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
	else if (c->events->accepted != NULL)
		c->events->accepted(c, refused);
	else
		fail(c, "the broker acknowledged a message that was not sent");
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
		handle_suback(c, p);
		break;
	case PACKET_DISCONNECT:
		fail(c, "the broker sent DISCONNECT with reason 0x%02x",
				p->len > 0 ? p->body[0] : 0);
		break;
	default:
		fail(c, "the broker sent a packet no client expects");
	}
}

static void keep_rest(struct client *c, const uint8_t *data, size_t len)
{
	c->rest.start = c->rest.end = 0;
	backlog_append(&c->rest, data, len);
}

static void parse(struct client *c, const uint8_t *data, size_t len)
{
	struct packet packet;
	size_t at = 0;
	ssize_t n;

	while ((n = codec_next(data + at, len - at, &packet)) > 0) {
		at += (size_t)n;
		handle_packet(c, &packet);
		if (c->state == CLIENT_CLOSED || loop_failed(c->loop))
			return;
	}
	if (n < 0)
		fail(c, "the broker sent a malformed packet length");
	else
		keep_rest(c, data + at, len - at);
}

static void receive(struct client *c)
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
	n = stream_receive(&c->stream, l->buffer + kept, l->capacity - kept);
	l->now = clock_ns();
	if (n > 0)
		parse(c, l->buffer, kept + (size_t)n);
	else if (n == 0 && c->state == CLIENT_LEAVING)
		become_absent(c);
	else if (n == 0)
		fail(c, "the broker closed the connection");
	else if (n != -EAGAIN)
		fail_errno(c, (int)-n);
}

void client_readable(struct client *c)
{
	if (c->state == CLIENT_CLOSED)
		return;
	if (c->state != CLIENT_CONNECTING) {
		receive(c);
		return;
	}
	advance(c);
	if (c->state == CLIENT_GREETING)
		client_flush(c);
}
