/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/plugin/stream.h"

/* A listener on loopback, or a Unix socket, whose other side the test plays. */
struct rig {
	struct stream_env env;
	struct relay_place place;
	char path[64];
	int listener, peer;
	struct relay_stream *stream;
	char why[RELAY_REASON];
};

static int setup(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	struct rig *rig = calloc(1, sizeof(*rig));

	rig->env.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rig->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(rig->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(rig->listener, 5), 0);
	getsockname(rig->listener, (struct sockaddr *)&address, &len);
	rig->place = (struct relay_place){
		.host = "127.0.0.1", .port = ntohs(address.sin_port), .timeout_ms = 60000
	};
	rig->peer = -1;
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	stream_close(rig->stream);
	if (rig->peer >= 0)
		close(rig->peer);
	close(rig->listener);
	close(rig->env.stop_fd);
	if (rig->path[0] != '\0')
		unlink(rig->path);
	free(rig);
	return 0;
}

static void connect_both(struct rig *rig)
{
	rig->stream = stream_connect(&rig->env, &rig->place, rig->why);
	if (rig->stream == NULL)
		fail_msg("no connection: %s", rig->why);
	rig->peer = accept4(rig->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(rig->peer >= 0);
}

static void say_stop(struct rig *rig)
{
	eventfd_write(rig->env.stop_fd, 1);
}

static void exchange(struct rig *rig)
{
	char text[16] = "";

	assert_int_equal(stream_send(rig->stream, "ping", 4), 0);
	assert_int_equal(recv(rig->peer, text, sizeof(text), 0), 4);
	assert_int_equal(send(rig->peer, "pong!", 5, 0), 5);
	assert_int_equal(stream_receive(rig->stream, text, 3), 3);
	assert_int_equal(stream_receive(rig->stream, text + 3, 9), 2);
	assert_memory_equal(text, "pong!", 5);
}

static void tcp_carries_both_ways(void **state)
{
	struct rig *rig = *state;

	connect_both(rig);
	exchange(rig);
	assert_true(stream_is_open(rig->stream));
	close(rig->peer);
	rig->peer = -1;
	assert_int_equal(stream_wait(rig->env.stop_fd, -1, 0, 0), 0);
	while (stream_is_open(rig->stream))
		; /* until the loopback has told */
	assert_int_equal(stream_receive(rig->stream, rig->why, 1), 0);
	assert_string_equal(stream_why(rig->stream), "the other side closed the connection");
}

/* There is always something to receive, so that nothing is ever waited for. */
static void who_talks_without_end_does_not_keep_us(void **state)
{
	struct rig *rig = *state;
	char bytes[64] = { 0 };
	ptrdiff_t n = 1;
	int taken = 0;

	connect_both(rig);
	assert_int_equal(fcntl(rig->peer, F_SETFL, O_NONBLOCK), 0);
	say_stop(rig);
	while (n > 0 && taken < 100000) {
		while (send(rig->peer, bytes, sizeof(bytes), 0) > 0)
			;
		n = stream_receive(rig->stream, bytes, sizeof(bytes));
		taken++;
	}
	assert_int_equal(n, -ECANCELED);
}

static void listen_unix(struct rig *rig)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	close(rig->listener);
	rig->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(rig->path, sizeof(rig->path), "/tmp/belfry-stream.%d", (int)getpid());
	unlink(rig->path);
	strcpy(address.sun_path, rig->path);
	assert_int_equal(bind(rig->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(rig->listener, 5), 0);
	rig->place = (struct relay_place){ .path = rig->path, .timeout_ms = 60000 };
}

static void a_unix_socket_is_as_good(void **state)
{
	struct rig *rig = *state;

	listen_unix(rig);
	connect_both(rig);
	exchange(rig);
}

static void assert_no_connection(struct rig *rig, const char *words)
{
	assert_null(stream_connect(&rig->env, &rig->place, rig->why));
	if (strstr(rig->why, words) == NULL)
		fail_msg("'%s' says nothing of '%s'", rig->why, words);
}

static void why_there_is_no_connection_is_said(void **state)
{
	struct rig *rig = *state;
	char long_path[200];

	close(rig->listener);
	rig->listener = -1;
	assert_no_connection(rig, ": Connection refused");
	rig->place.tls = true;
	assert_no_connection(rig, "without RELAY_USES_TLS");
	rig->place = (struct relay_place){ .path = "/nowhere/socket" };
	assert_no_connection(rig, "/nowhere/socket: No such file");
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	rig->place.path = long_path;
	assert_no_connection(rig, "File name too long");
	rig->place = (struct relay_place){ .host = "no.such.invalid", .timeout_ms = 60000 };
	assert_no_connection(rig, "no.such.invalid cannot be resolved: ");
}

static void a_silent_peer_is_waited_for_so_long(void **state)
{
	struct rig *rig = *state;
	char byte;

	rig->place.timeout_ms = 20;
	connect_both(rig);
	assert_int_equal(stream_receive(rig->stream, &byte, 1), -ETIMEDOUT);
	assert_string_equal(stream_why(rig->stream), "no answer in time");
}

static void a_peer_that_takes_nothing_is_waited_for_so_long(void **state)
{
	struct rig *rig = *state;
	size_t size = 64 << 20;
	char *much = calloc(1, size);

	rig->place.timeout_ms = 20;
	connect_both(rig);
	assert_int_equal(stream_send(rig->stream, much, size), -ETIMEDOUT);
	free(much);
}

static void *take_all(void *owner)
{
	struct rig *rig = owner;
	static char some[1 << 16];
	size_t sum = 0;
	ssize_t n;

	while (sum < 8 << 20 && (n = recv(rig->peer, some, sizeof(some), 0)) > 0)
		sum += (size_t)n;
	return (void *)sum;
}

static void all_of_it_is_sent(void **state)
{
	struct rig *rig = *state;
	size_t size = 8 << 20;
	char *much = calloc(1, size);
	pthread_t thread;
	void *taken;

	connect_both(rig);
	assert_int_equal(pthread_create(&thread, NULL, take_all, rig), 0);
	assert_int_equal(stream_send(rig->stream, much, size), 0);
	pthread_join(thread, &taken);
	assert_int_equal((size_t)taken, size);
	free(much);
}

/* --- what is acknowledged ------------------------------------------------------------------- */

enum { MUCH = 64 << 10 }; /* more than a small receive buffer, less than our send buffer */

/* The peer's kernel can hold next to nothing, and all of it is ours to send. */
static void send_much(struct rig *rig)
{
	int least = 1;
	char *much = calloc(1, MUCH);

	setsockopt(rig->listener, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	connect_both(rig);
	assert_int_equal(stream_send(rig->stream, much, MUCH), 0);
	free(much);
}

static void take(struct rig *rig, size_t count)
{
	char some[4096];
	ssize_t n = 0;

	for (size_t sum = 0; sum < count; sum += (size_t)n) {
		n = recv(rig->peer, some, sizeof(some), 0);
		assert_true(n > 0);
	}
}

static void what_the_peer_has_is_drained(void **state)
{
	struct rig *rig = *state;

	connect_both(rig);
	assert_int_equal(stream_drain(rig->stream), 0);
	exchange(rig);
	assert_int_equal(stream_send(rig->stream, "more", 4), 0);
	assert_int_equal(stream_drain(rig->stream), 0);
}

static void what_only_our_kernel_has_is_waited_for(void **state)
{
	struct rig *rig = *state;

	rig->place.timeout_ms = 20;
	send_much(rig);
	assert_int_equal(stream_drain(rig->stream), -ETIMEDOUT);
	assert_string_equal(stream_why(rig->stream), "no answer in time");
	take(rig, MUCH);
	assert_int_equal(stream_drain(rig->stream), 0);
}

static void *take_much(void *owner)
{
	take(owner, MUCH);
	return NULL;
}

static void a_slow_peer_is_waited_for(void **state)
{
	struct rig *rig = *state;
	pthread_t thread;

	send_much(rig);
	assert_int_equal(pthread_create(&thread, NULL, take_much, rig), 0);
	assert_int_equal(stream_drain(rig->stream), 0);
	pthread_join(thread, NULL);
}

/* As when its process is killed: what it had not read is answered with a reset. */
static void a_peer_that_dies_has_not_taken_it(void **state)
{
	struct rig *rig = *state;

	send_much(rig);
	close(rig->peer);
	rig->peer = -1;
	assert_true(stream_drain(rig->stream) < 0);
	assert_string_not_equal(stream_why(rig->stream), "no answer in time");
	assert_false(stream_is_open(rig->stream));
}

static void the_end_cuts_draining(void **state)
{
	struct rig *rig = *state;

	connect_both(rig);
	say_stop(rig);
	assert_int_equal(stream_drain(rig->stream), 0); /* nothing is left to wait for */
	stream_close(rig->stream);
	close(rig->peer);
	eventfd_read(rig->env.stop_fd, &(eventfd_t){ 0 });
	send_much(rig);
	say_stop(rig);
	assert_int_equal(stream_drain(rig->stream), -ECANCELED);
}

static void a_unix_socket_is_drained_when_all_is_read(void **state)
{
	struct rig *rig = *state;

	listen_unix(rig);
	rig->place.timeout_ms = 20;
	connect_both(rig);
	assert_int_equal(stream_send(rig->stream, "ping", 4), 0);
	assert_int_equal(stream_drain(rig->stream), -ETIMEDOUT);
	take(rig, 4);
	assert_int_equal(stream_drain(rig->stream), 0);
	assert_int_equal(stream_send(rig->stream, "ping", 4), 0);
	close(rig->peer);
	rig->peer = -1;
	assert_int_equal(stream_drain(rig->stream), -ECONNRESET);
}

static void a_peer_that_is_gone_is_no_signal(void **state)
{
	struct linger now = { 1, 0 };
	struct rig *rig = *state;
	char block[4096] = "";
	int r = 0;

	connect_both(rig);
	setsockopt(rig->peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(rig->peer);
	rig->peer = -1;
	for (int i = 0; i < 100 && r == 0; i++)
		r = stream_send(rig->stream, block, sizeof(block));
	assert_true(r == -EPIPE || r == -ECONNRESET);
	assert_string_equal(stream_why(rig->stream), strerror(-r));
	assert_false(stream_is_open(rig->stream));
}

/* Everything that waits gives up at once: the timeout is a minute. */
static void the_end_cuts_every_wait(void **state)
{
	struct rig *rig = *state;
	size_t size = 64 << 20;
	char *much = calloc(1, size);

	connect_both(rig);
	say_stop(rig);
	assert_int_equal(stream_receive(rig->stream, much, 1), -ECANCELED);
	assert_string_equal(stream_why(rig->stream), "the gateway is ending");
	assert_int_equal(stream_send(rig->stream, much, size), -ECANCELED);
	assert_int_equal(stream_wait(rig->env.stop_fd, -1, 0, 60000), -ECANCELED);
	assert_int_equal(stream_wait(rig->env.stop_fd, rig->peer, POLLIN, 60000), -ECANCELED);
	free(much);
}

static void the_end_cuts_connecting(void **state)
{
	struct rig *rig = *state;

	say_stop(rig);
	rig->place.host = "192.0.2.1"; /* of RFC 5737: it answers nobody */
	assert_null(stream_connect(&rig->env, &rig->place, rig->why));
	rig->place.host = "no.such.invalid";
	assert_null(stream_connect(&rig->env, &rig->place, rig->why));
}

static void reasons_are_one_short_line(void **state)
{
	char reason[RELAY_REASON], text[1000];

	(void)state;
	stream_reason(reason, BYTES("a\nb\x01"));
	assert_null(strchr(reason, '\n'));
	assert_null(strchr(reason, 1));
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	stream_reason(reason, span_of(text, sizeof(text)));
	assert_int_equal(strlen(reason), 254); /* no half of a character */
	stream_reason(reason, BYTES(""));
	assert_string_equal(reason, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tcp_carries_both_ways),
		TEST(who_talks_without_end_does_not_keep_us),
		TEST(a_unix_socket_is_as_good),
		TEST(why_there_is_no_connection_is_said),
		TEST(a_silent_peer_is_waited_for_so_long),
		TEST(a_peer_that_takes_nothing_is_waited_for_so_long),
		TEST(all_of_it_is_sent),
		TEST(what_the_peer_has_is_drained),
		TEST(what_only_our_kernel_has_is_waited_for),
		TEST(a_slow_peer_is_waited_for),
		TEST(a_peer_that_dies_has_not_taken_it),
		TEST(the_end_cuts_draining),
		TEST(a_unix_socket_is_drained_when_all_is_read),
		TEST(a_peer_that_is_gone_is_no_signal),
		TEST(the_end_cuts_every_wait),
		TEST(the_end_cuts_connecting),
		TEST(reasons_are_one_short_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
