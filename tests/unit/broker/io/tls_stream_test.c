/* SPDX-License-Identifier: MIT */
#include "broker/io/tls_stream.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "common/mem.h"
#include "tests/unit/pki.h"

enum { ROOM = 256 * 1024, LARGE = 1024 * 1024 };

static struct pki pki;
static uint8_t buffer[ROOM];

/* Two ends over a pair of sockets. */
struct ends {
	struct tls_workspace *space;
	struct socket_stream sockets[2];
	struct stream *server, *client; /* client NULL: the test writes to the socket itself */
};

static struct tls_context *context_of(bool is_server)
{
	char ca[128], certificate[128], key[128];
	struct tls_settings s = { .cafile = ca, .host = "localhost" };
	struct str error = { 0 }, warning = { 0 };
	struct tls_context *context;

	snprintf(ca, sizeof(ca), "%s/ca.crt", pki.folder);
	snprintf(certificate, sizeof(certificate), "%s/server.crt", pki.folder);
	snprintf(key, sizeof(key), "%s/server.key", pki.folder);
	if (is_server) {
		s.certfile = certificate;
		s.keyfile = key;
	}
	context = is_server ? tls_server_create(&s, &error, &warning)
			    : tls_client_create(&s, &error, &warning);
	assert_non_null(context);
	str_finish(&error);
	str_finish(&warning);
	return context;
}

static struct stream *stream_of(struct ends *e, struct socket_stream *socket, bool is_server)
{
	struct tls_context *context = context_of(is_server);
	struct stream *s = tls_stream_create(&socket->base, context, e->space);

	tls_context_unref(context);
	return s;
}

static struct ends ends_open(void)
{
	struct ends e = { .space = tls_workspace_create() };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	socket_stream_init(&e.sockets[0], fds[0]);
	socket_stream_init(&e.sockets[1], fds[1]);
	return e;
}

static void open_streams(struct ends *e)
{
	e->server = stream_of(e, &e->sockets[0], true);
	e->client = stream_of(e, &e->sockets[1], false);
}

static void shake(struct ends *e)
{
	open_streams(e);
	for (int i = 0; i < 10 && !(e->server->is_open && e->client->is_open); i++) {
		if (stream_wants_write(e->client))
			assert_int_equal(stream_send(e->client, NULL, 0), 0);
		assert_int_equal(stream_receive(e->server, buffer, ROOM), -EAGAIN);
		assert_int_equal(stream_receive(e->client, buffer, ROOM), -EAGAIN);
	}
	assert_true(e->server->is_open);
	assert_true(e->client->is_open);
}

static void ends_close(struct ends *e)
{
	stream_destroy(e->server);
	if (e->client != NULL)
		stream_destroy(e->client);
	else
		stream_destroy(&e->sockets[1].base);
	tls_workspace_destroy(e->space);
}

static uint8_t *pattern(size_t len)
{
	uint8_t *data = xmalloc(len);
	struct dice dice = { 7 };

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)dice_next(&dice);
	return data;
}

static void payload_goes_both_ways(void **unused)
{
	static const struct span spans[] = { SPAN("one "), SPAN("two "), SPAN("three") };
	struct ends e = ends_open();

	(void)unused;
	shake(&e);
	assert_int_equal(stream_send(e.client, spans, 3), 13);
	assert_int_equal(stream_receive(e.server, buffer, ROOM), 13);
	assert_memory_equal(buffer, "one two three", 13);
	assert_int_equal(stream_receive(e.server, buffer, ROOM), -EAGAIN);
	assert_int_equal(stream_send(e.server, spans + 1, 1), 4);
	assert_int_equal(stream_receive(e.client, buffer, ROOM), 4);
	assert_memory_equal(buffer, "two ", 4);
	ends_close(&e);
}

static void payload_behind_the_handshake_comes_with_it(void **unused)
{
	static const struct span span = SPAN("CONNECT");
	struct ends e = ends_open();

	(void)unused;
	open_streams(&e);
	assert_true(stream_wants_write(e.client));
	stream_send(e.client, NULL, 0);
	assert_false(e.server->has_begun);
	assert_int_equal(stream_receive(e.server, buffer, ROOM), -EAGAIN);
	assert_true(e.server->has_begun);
	assert_false(e.server->is_open);
	assert_int_equal(stream_receive(e.client, buffer, ROOM), -EAGAIN);
	assert_true(e.client->is_open);
	assert_int_equal(stream_send(e.client, &span, 1), 7);
	assert_int_equal(stream_receive(e.server, buffer, ROOM), 7);
	assert_true(e.server->is_open);
	assert_memory_equal(buffer, "CONNECT", 7);
	ends_close(&e);
}

/* Small spans and large ones, more than the socket takes at a time. */
static void large_payload_arrives_whole_and_in_order(void **unused)
{
	struct ends e = ends_open();
	uint8_t *data = pattern(LARGE);
	size_t sent = 0, received = 0, waits = 0;

	(void)unused;
	shake(&e);
	while (received < LARGE) {
		struct span spans[] = { span_first(span_of(data + sent, LARGE - sent), 10),
			span_first(span_from(span_of(data, LARGE), sent + 10), 40000),
			span_from(span_of(data, LARGE), sent + 40010) };
		ssize_t n = stream_send(e.client, spans, sent < LARGE ? 3 : 0);

		waits += stream_wants_write(e.client);
		if (n > 0)
			sent += (size_t)n;
		else
			assert_true(n == 0 || n == -EAGAIN);
		n = stream_receive(e.server, buffer, STREAM_MIN_RECEIVE);
		assert_true(n > 0 || n == -EAGAIN);
		if (n > 0) {
			assert_memory_equal(buffer, data + received, (size_t)n);
			received += (size_t)n;
		}
	}
	assert_true(waits > 0);
	assert_int_equal(stream_receive(e.server, buffer, ROOM), -EAGAIN);
	free(data);
	ends_close(&e);
}

/* What one recv() brought leaves at once, or no event would ever tell of the rest. */
static void nothing_that_came_is_kept_back(void **unused)
{
	struct ends e = ends_open();
	uint8_t *data = pattern(60 * 1000);
	size_t total = 0, ready = 0;

	(void)unused;
	shake(&e);
	for (size_t at = 0; at < 60 * 1000; at += 1000) {
		struct span span = span_of(data + at, 1000);

		assert_int_equal(stream_send(e.client, &span, 1), 1000);
	}
	while (total < 60 * 1000) {
		ssize_t n = stream_receive(e.server, buffer, STREAM_MIN_RECEIVE);

		assert_true(n > 0);
		assert_memory_equal(buffer, data + total, (size_t)n);
		total += (size_t)n;
		ready++;
	}
	assert_true(ready < 10);
	free(data);
	ends_close(&e);
}

/* Copies what the client says to the server, `step` bytes at a time. */
static void drip(struct ends *e, int from, int to, size_t step)
{
	uint8_t all[8192];
	ssize_t len = recv(from, all, sizeof(all), 0);

	assert_true(len > 0);
	for (size_t at = 0; at < (size_t)len; at += step) {
		size_t n = (size_t)len - at < step ? (size_t)len - at : step;

		assert_int_equal(send(to, all + at, n, 0), n);
		assert_int_equal(stream_receive(e->server, buffer, ROOM), -EAGAIN);
	}
}

static void handshake_may_come_byte_by_byte(void **unused)
{
	struct ends client = ends_open(), server = ends_open();
	uint8_t answer[8192];
	ssize_t n;

	(void)unused;
	client.client = stream_of(&client, &client.sockets[1], false);
	server.server = stream_of(&server, &server.sockets[0], true);
	stream_send(client.client, NULL, 0);
	drip(&server, client.sockets[0].fd, server.sockets[1].fd, 1);
	n = recv(server.sockets[1].fd, answer, sizeof(answer), 0);
	assert_true(n > 0);
	assert_int_equal(send(client.sockets[0].fd, answer, (size_t)n, 0), n);
	assert_int_equal(stream_receive(client.client, buffer, ROOM), -EAGAIN);
	assert_true(client.client->is_open);
	drip(&server, client.sockets[0].fd, server.sockets[1].fd, 1);
	assert_true(server.server->is_open);
	stream_destroy(client.client);
	stream_destroy(&client.sockets[0].base);
	tls_workspace_destroy(client.space);
	ends_close(&server);
}

static void stranger_is_told_by_his_first_byte(void **unused)
{
	static const struct {
		const char *bytes;
		size_t len;
	} strangers[] = {
		{ "\x10", 1 },
		{ "GET / HTTP/1.1\r\n", 16 },
		{ "\x16\x02", 2 },
		{ "\x16\x03\x01\xff\xff", 5 },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(strangers); i++) {
		struct ends e = ends_open();

		e.server = stream_of(&e, &e.sockets[0], true);
		send(e.sockets[1].fd, strangers[i].bytes, strangers[i].len, 0);
		assert_int_equal(stream_receive(e.server, buffer, ROOM), -EPROTO);
		assert_string_equal(e.server->failure, "this is not TLS");
		ends_close(&e);
	}
}

static void damaged_record_ends_the_stream_and_loses_nothing_before_it(void **unused)
{
	static const struct span span = SPAN("good");
	struct ends e = ends_open();

	(void)unused;
	shake(&e);
	stream_send(e.client, &span, 1);
	send(e.sockets[1].fd,
			"\x17\x03\x03\x00\x20"
			"garbage garbage garbage garbage ",
			37, 0);
	assert_int_equal(stream_receive(e.server, buffer, ROOM), 4);
	assert_memory_equal(buffer, "good", 4);
	assert_true(e.server->is_ended);
	assert_non_null(strstr(e.server->failure, "bad record mac"));
	ends_close(&e);
}

static void goodbye_ends_the_stream(void **unused)
{
	static const struct span span = SPAN("last words");
	struct ends e = ends_open();

	(void)unused;
	shake(&e);
	stream_send(e.client, &span, 1);
	stream_shutdown(e.client);
	assert_int_equal(stream_receive(e.server, buffer, ROOM), 10);
	assert_true(e.server->is_ended);
	assert_null(e.server->failure);
	assert_int_equal(stream_receive(e.server, buffer, ROOM), 0);
	ends_close(&e);
}

static void connection_that_breaks_off_has_ended(void **unused)
{
	struct ends e = ends_open();

	(void)unused;
	shake(&e);
	shutdown(e.sockets[1].fd, SHUT_WR);
	assert_int_equal(stream_receive(e.server, buffer, ROOM), 0);
	ends_close(&e);
}

static void peer_that_is_gone_is_an_error_when_sending(void **unused)
{
	static const struct span span = SPAN("anybody?");
	struct ends e = ends_open();

	(void)unused;
	shake(&e);
	stream_destroy(e.client);
	assert_int_equal(stream_send(e.server, &span, 1), -EPIPE);
	stream_destroy(e.server);
	tls_workspace_destroy(e.space);
}

/* A client of OpenSSL's own at the other end of the server. */
static SSL *plain_client(struct ends *e)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *client = SSL_new(context);

	SSL_CTX_free(context);
	SSL_set_fd(client, e->sockets[1].fd);
	SSL_set_connect_state(client);
	e->server = stream_of(e, &e->sockets[0], true);
	for (int i = 0; i < 10 && !e->server->is_open; i++) {
		SSL_do_handshake(client);
		assert_int_equal(stream_receive(e->server, buffer, ROOM), -EAGAIN);
	}
	assert_true(e->server->is_open);
	return client;
}

/* TLS 1.3: each request to change the keys is answered. */
static void who_reads_no_answer_is_not_answered_for_ever(void **unused)
{
	struct ends e = ends_open();
	SSL *client = plain_client(&e);
	ssize_t n = -EAGAIN;

	(void)unused;
	for (int i = 0; i < 100000 && n == -EAGAIN; i++) {
		assert_int_equal(SSL_key_update(client, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(client), 1);
		n = stream_receive(e.server, buffer, ROOM);
	}
	assert_int_equal(n, -EPROTO);
	assert_string_equal(e.server->failure, "the peer does not read the answers that it wants");
	SSL_free(client);
	ends_close(&e);
}

static void shutdown_before_the_handshake_only_closes(void **unused)
{
	struct ends e = ends_open();

	(void)unused;
	e.server = stream_of(&e, &e.sockets[0], true);
	stream_shutdown(e.server);
	assert_int_equal(recv(e.sockets[1].fd, buffer, ROOM, 0), 0);
	ends_close(&e);
}

static int open_pki(void **unused)
{
	(void)unused;
	pki_open(&pki);
	pki_issue(&pki, "server");
	return 0;
}

static int close_pki(void **unused)
{
	(void)unused;
	pki_close(&pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload_goes_both_ways),
		cmocka_unit_test(payload_behind_the_handshake_comes_with_it),
		cmocka_unit_test(large_payload_arrives_whole_and_in_order),
		cmocka_unit_test(nothing_that_came_is_kept_back),
		cmocka_unit_test(handshake_may_come_byte_by_byte),
		cmocka_unit_test(stranger_is_told_by_his_first_byte),
		cmocka_unit_test(damaged_record_ends_the_stream_and_loses_nothing_before_it),
		cmocka_unit_test(goodbye_ends_the_stream),
		cmocka_unit_test(connection_that_breaks_off_has_ended),
		cmocka_unit_test(peer_that_is_gone_is_an_error_when_sending),
		cmocka_unit_test(who_reads_no_answer_is_not_answered_for_ever),
		cmocka_unit_test(shutdown_before_the_handshake_only_closes),
	};

	return cmocka_run_group_tests(tests, open_pki, close_pki);
}
