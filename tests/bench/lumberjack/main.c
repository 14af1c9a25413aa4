/* SPDX-License-Identifier: MIT */
/*
 * The other side of the benchmark of the plugin lumberjack, and what it is compared with.
 *
 *     lumberjack_peer sink PORT EVENTS [FILE]   acknowledge so many events, print how long it took;
 *                                               keep the first whole window in FILE
 *     lumberjack_peer bare PORT EVENTS FILE     send that window until so many events are
 *                                               acknowledged, two windows on their way
 *
 * The sink looks at lengths only: what is measured is the sender. Exit status 1 with a sentence.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base.h"
#include "common/wire.h"

enum { CHUNK = 1 << 20, WINDOW_MOST = 64 << 20, IN_FLIGHT = 2 };

static NO_RETURN PRINTF_LIKE(1, 2) void fail(const char *format, ...)
{
	va_list args;

	fputs("lumberjack_peer: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in loopback(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static uint32_t number_at(const uint8_t *at)
{
	struct reader r = reader_of(span_of(at, 4));

	return read_u32(&r);
}

static void send_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

		if (n < 0)
			fail("send: %s", strerror(errno));
		bytes = span_from(bytes, (size_t)n);
	}
}

/* --- the sink -------------------------------------------------------------------------------- */

struct sink {
	int fd;
	uint8_t *bytes; /* received and not yet looked at, from the window's first byte on */
	size_t len, at;
	uint64_t received, acknowledged;
	const char *keep;
};

/* The next `len` bytes of the window, which stay where they are until it ends. */
static const uint8_t *take(struct sink *s, size_t len)
{
	if (s->at + len > WINDOW_MOST)
		fail("a window of more than %d bytes", WINDOW_MOST);
	while (s->len - s->at < len) {
		ssize_t n = recv(s->fd, s->bytes + s->len, CHUNK, 0);

		if (n <= 0)
			fail("the sender has closed the connection after %llu events",
					(unsigned long long)s->acknowledged);
		s->len += (size_t)n;
		s->received += (size_t)n;
	}
	s->at += len;
	return s->bytes + s->at - len;
}

/* Read a window and return how many events it has. */
static uint32_t take_window(struct sink *s)
{
	const uint8_t *head = take(s, 6);
	uint32_t count;

	if (memcmp(head, "2W", 2) != 0)
		fail("no window where one should begin");
	count = number_at(head + 2);
	for (uint32_t events = 0; events < count;) {
		head = take(s, 6);
		if (head[1] == 'C') {
			take(s, number_at(head + 2));
			events = count;
		} else {
			take(s, number_at(take(s, 4)));
			events++;
		}
	}
	return count;
}

static void keep_window(struct sink *s)
{
	FILE *file = fopen(s->keep, "wb");

	if (file == NULL || fwrite(s->bytes, 1, s->at, file) != s->at || fclose(file) != 0)
		fail("%s: %s", s->keep, strerror(errno));
	s->keep = NULL;
}

static void acknowledge(struct sink *s, uint32_t count)
{
	uint8_t bytes[6];
	struct writer w = writer_of(bytes, sizeof(bytes));

	write_bytes(&w, (struct span)SPAN("2A"));
	write_u32(&w, count);
	send_all(s->fd, writer_span(&w));
	s->acknowledged += count;
	s->len -= s->at;
	memmove(s->bytes, s->bytes + s->at, s->len);
	s->at = 0;
}

static int accept_one(const char *port)
{
	struct sockaddr_in place = loopback(port);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, fd;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&place, sizeof(place)) < 0 || listen(listener, 8) < 0)
		fail("port %s: %s", port, strerror(errno));
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		fail("accept: %s", strerror(errno));
	close(listener);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void run_sink(const char *port, uint64_t events, const char *keep)
{
	struct sink s = { .fd = accept_one(port), .keep = keep };
	uint64_t windows = 0;
	double start;

	s.bytes = malloc(WINDOW_MOST + CHUNK);
	if (s.bytes == NULL)
		fail("no memory");
	take(&s, 1);
	s.at = 0;
	start = now();
	while (s.acknowledged < events) {
		uint32_t count = take_window(&s);

		if (s.keep != NULL && windows == 1) /* the first one may be a small one */
			keep_window(&s);
		acknowledge(&s, count);
		windows++;
	}
	printf("{\"seconds\": %.6f, \"events\": %llu, \"windows\": %llu, \"bytes\": %llu}\n",
			now() - start, (unsigned long long)s.acknowledged,
			(unsigned long long)windows, (unsigned long long)s.received);
	fflush(stdout);
	while (recv(s.fd, s.bytes, CHUNK, 0) > 0)
		; /* the sender closes, not we */
	free(s.bytes);
	close(s.fd);
}

/* --- the bare client ------------------------------------------------------------------------- */

static struct span read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(WINDOW_MOST);
	size_t len;

	if (file == NULL || bytes == NULL)
		fail("%s: %s", path, strerror(errno));
	len = fread(bytes, 1, WINDOW_MOST, file);
	fclose(file);
	if (len < 6)
		fail("%s holds no window", path);
	return span_of(bytes, len);
}

static void await_ack(int fd, uint32_t count)
{
	uint8_t ack[6];

	if (recv(fd, ack, sizeof(ack), MSG_WAITALL) != sizeof(ack) || number_at(ack + 2) != count)
		fail("no acknowledgement of %u events", count);
}

static void run_bare(const char *port, uint64_t events, const char *path)
{
	struct sockaddr_in place = loopback(port);
	struct span window = read_file(path);
	uint32_t count = number_at(window.data + 2);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	uint64_t sent = 0, done = 0;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&place, sizeof(place)) < 0)
		fail("port %s: %s", port, strerror(errno));
	while (done < events) {
		if (sent < events && sent - done < (uint64_t)IN_FLIGHT * count) {
			send_all(fd, window);
			sent += count;
		} else {
			await_ack(fd, count);
			done += count;
		}
	}
	close(fd);
	free((void *)(uintptr_t)window.data);
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;

	if (events > 0 && strcmp(argv[1], "sink") == 0)
		run_sink(argv[2], events, argc > 4 ? argv[4] : NULL);
	else if (events > 0 && argc > 4 && strcmp(argv[1], "bare") == 0)
		run_bare(argv[2], events, argv[4]);
	else
		fail("take sink PORT EVENTS [FILE] or bare PORT EVENTS FILE");
	return 0;
}
