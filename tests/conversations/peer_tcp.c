/* SPDX-License-Identifier: MIT */
/*
 * A broker that runs, over TCP [v5 MQTT-4.2.0-1] [v3 MQTT-7.1.1-1].
 *
 * Nobody can see when it has dealt with something, so it is asked: the answer to a PINGREQ comes
 * after everything that the same connection sent before it. That keeps scripts free of sleeping.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "common/mem.h"
#include "tests/conversations/codec.h"
#include "tests/conversations/peer.h"
#include "tests/conversations/server.h"

enum { PATIENCE_MS = 3000, SHORT_WAIT_MS = 30 };

struct tcp_carrier {
	struct carrier carrier;
	char host[256];
	char port[16];
	struct server server;	   /* binary NULL: somebody else has started it */
	struct fields ids, topics; /* what the script leaves behind in the broker */
};

struct tcp_line {
	int fd;
};

static struct tcp_carrier *tcp_of(struct carrier *c)
{
	return container_of(c, struct tcp_carrier, carrier);
}

static void sleep_ns(int64_t ns)
{
	struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static int dial(struct tcp_carrier *tcp, struct str *problem)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all, *a;
	int fd = -1, error = getaddrinfo(tcp->host, tcp->port, &hints, &all);

	if (error != 0) {
		str_printf(problem, "%s: %s", tcp->host, gai_strerror(error));
		return -1;
	}
	for (a = all; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(all);
	/* Steps are short and many: none waits for the acknowledgement of the one before. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (fd < 0)
		str_printf(problem, "cannot connect to %s:%s: %s", tcp->host, tcp->port,
				strerror(errno));
	return fd;
}

static bool tcp_connect(struct carrier *c, struct peer *p, struct str *problem)
{
	struct tcp_line *line;
	int fd = dial(tcp_of(c), problem);

	if (fd < 0)
		return false;
	line = xcalloc(1, sizeof(*line));
	line->fd = fd;
	p->handle = line;
	return true;
}

/* What a script leaves in the broker would surprise the next one. */
static void remember_packet(struct tcp_carrier *tcp, struct span packet)
{
	struct reader r = reader_of(packet);
	uint8_t first = read_u8(&r), level, flags;
	struct span text;

	read_varint(&r);
	if (first >> 4 == 3) {
		text = read_block16(&r);
		if ((first & 1) != 0 && text.len > 0)
			fields_add(&tcp->topics, "topic", text);
		return;
	}
	if (first >> 4 != 1)
		return;
	read_block16(&r);
	level = read_u8(&r);
	flags = read_u8(&r);
	read_u16(&r);
	if (level == LEVEL_5)
		read_bytes(&r, read_varint(&r));
	text = read_block16(&r);
	if (!reader_failed(&r) && text.len > 0)
		fields_add(&tcp->ids, "id", text);
	if ((flags & 0x24) == 0x24) {
		if (level == LEVEL_5)
			read_bytes(&r, read_varint(&r));
		text = read_block16(&r);
		if (!reader_failed(&r))
			fields_add(&tcp->topics, "topic", text);
	}
}

static void send_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return; /* closed by the broker: the script finds out when it reads */
		bytes = span_from(bytes, n > 0 ? (size_t)n : 0);
	}
}

static void tcp_send(struct carrier *c, struct peer *p, struct span bytes)
{
	struct tcp_line *line = p->handle;

	remember_packet(tcp_of(c), bytes);
	send_all(line->fd, bytes);
}

static void hang_up(struct peer *p)
{
	struct tcp_line *line = p->handle;

	if (line == NULL)
		return;
	close(line->fd);
	free(line);
	p->handle = NULL;
}

static bool receive_within(struct peer *p, int patience)
{
	struct tcp_line *line = p->handle;
	struct pollfd poll_fd = { .events = POLLIN };
	uint8_t buffer[65536];
	ssize_t n;

	if (line == NULL)
		return false;
	poll_fd.fd = line->fd;
	if (poll(&poll_fd, 1, patience) <= 0)
		return false;
	n = recv(line->fd, buffer, sizeof(buffer), 0);
	if (n > 0) {
		str_append(&p->received, span_of(buffer, (size_t)n));
		return true;
	}
	p->closed = true;
	hang_up(p);
	return false;
}

/* The broker has noticed when it has closed its side too; what it sends until then is lost. */
static void tcp_drop(struct carrier *c, struct peer *p)
{
	struct tcp_line *line = p->handle;

	(void)c;
	shutdown(line->fd, SHUT_WR);
	while (receive_within(p, PATIENCE_MS))
		;
	hang_up(p);
	p->closed = false;
	str_clear(&p->received);
}

static bool tcp_receive(struct carrier *c, struct peer *p)
{
	(void)c;
	return receive_within(p, PATIENCE_MS);
}

/* Where in `received` the PINGRESP number `wanted` (counted from 0) starts; its end if nowhere. */
static size_t find_pingresp(const struct peer *p, unsigned wanted)
{
	size_t at = 0, len;

	while ((len = packet_length(span_from(str_span(&p->received), at))) > 0) {
		if ((uint8_t)p->received.text[at] == 0xd0 && wanted-- == 0)
			return at;
		at += len;
	}
	return p->received.len;
}

static void remove_pingresp(struct peer *p, size_t at)
{
	struct str *s = &p->received;

	memmove(s->text + at, s->text + at + 2, s->len - at - 2);
	str_truncate(s, s->len - 2);
	if (at < p->watched)
		p->watched -= 2;
}

static void tcp_settle(struct carrier *c, struct peer *p)
{
	static const struct span pingreq = SPAN("\xc0\x00");
	struct tcp_line *line = p->handle;
	size_t at;

	(void)c;
	if (line == NULL)
		return;
	if (p->is_leaving) {
		while (receive_within(p, PATIENCE_MS))
			;
		return;
	}
	if (!p->is_connected) {
		while (receive_within(p, SHORT_WAIT_MS))
			;
		return;
	}
	send_all(line->fd, pingreq);
	while ((at = find_pingresp(p, p->pings)) == p->received.len) {
		if (!receive_within(p, PATIENCE_MS))
			return;
	}
	remove_pingresp(p, at);
}

static void tcp_wait(struct carrier *c, int64_t ns)
{
	(void)c;
	sleep_ns(ns);
}

static bool tcp_reload_acl(struct carrier *c, struct span acl, struct str *problem)
{
	return server_reload_acl(&tcp_of(c)->server, acl, problem);
}

static bool tcp_start(struct carrier *c, const struct script *s, struct str *problem)
{
	struct tcp_carrier *tcp = tcp_of(c);
	struct str config = { 0 };
	bool good;

	if (tcp->server.binary == NULL)
		return true;
	str_printf(&config, "allow_anonymous %s\n", s->is_anonymous ? "true" : "false");
	/* Reloads read the files of whoever runs the tests. */
	str_append_text(&config, "user root\nlistener 0 127.0.0.1\n");
	str_append(&config, str_span(&s->settings));
	good = server_run(&tcp->server, str_span(&config),
			s->has_acl ? str_span(&s->acl) : (struct span){ NULL, 0 }, problem);
	snprintf(tcp->port, sizeof(tcp->port), "%s", tcp->server.port);
	str_finish(&config);
	return good;
}

/* --- cleaning up ---------------------------------------------------------------------------- */

/* Connect, send one packet more if there is one, leave; wait until the broker has closed. */
static void visit(struct tcp_carrier *tcp, struct span id, const struct fields *publish)
{
	struct str bytes = { 0 }, ignored = { 0 };
	struct fields f = { .type = "CONNECT" };
	struct peer p = { .is_leaving = true };

	fields_add(&f, "id", id);
	packet_build(&f, LEVEL_3_1_1, &bytes, &ignored);
	fields_finish(&f);
	for (size_t i = 0; publish != NULL && i < publish->count; i++) {
		struct fields clear = { .type = "PUBLISH" };

		fields_add(&clear, "topic", str_span(&publish->all[i].value));
		fields_add_flag(&clear, "retain", true);
		packet_build(&clear, LEVEL_3_1_1, &bytes, &ignored);
		fields_finish(&clear);
	}
	str_append(&bytes, span_of("\xe0\x00", 2));
	if (tcp_connect(&tcp->carrier, &p, &ignored)) {
		send_all(((struct tcp_line *)p.handle)->fd, str_span(&bytes));
		tcp_settle(&tcp->carrier, &p);
		hang_up(&p);
	}
	str_finish(&p.received);
	str_finish(&bytes);
	str_finish(&ignored);
}

static void tcp_finish(struct carrier *c)
{
	struct tcp_carrier *tcp = tcp_of(c);

	for (size_t i = 0; i < MAX_CLIENTS; i++)
		hang_up(&c->peers[i]);
	for (size_t i = 0; i < tcp->ids.count; i++)
		visit(tcp, str_span(&tcp->ids.all[i].value), NULL);
	for (size_t i = 0; i < tcp->topics.count; i++) {
		struct fields one = { .all = &tcp->topics.all[i], .count = 1 };

		visit(tcp, span_of_text("converse-clean"), &one);
	}
	fields_finish(&tcp->ids);
	fields_finish(&tcp->topics);
}

struct carrier *tcp_carrier_create(const char *address, const char *binary, bool is_durable)
{
	static const struct carrier_ops ops = { tcp_start, tcp_connect, tcp_send, tcp_drop,
		tcp_receive, tcp_settle, tcp_wait, tcp_reload_acl, tcp_finish };
	struct tcp_carrier *tcp = xcalloc(1, sizeof(*tcp));
	const char *colon = address != NULL ? strrchr(address, ':') : NULL;

	tcp->carrier.ops = &ops;
	tcp->server.binary = binary;
	tcp->server.is_durable = is_durable;
	snprintf(tcp->host, sizeof(tcp->host), "127.0.0.1");
	if (colon != NULL) {
		snprintf(tcp->host, sizeof(tcp->host), "%.*s", (int)(colon - address), address);
		snprintf(tcp->port, sizeof(tcp->port), "%s", colon + 1);
	}
	return &tcp->carrier;
}

bool tcp_carrier_destroy(struct carrier *c, struct str *problem)
{
	bool good = server_stop(&tcp_of(c)->server, problem);

	free(tcp_of(c));
	return good;
}
