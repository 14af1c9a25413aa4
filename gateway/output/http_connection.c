/* SPDX-License-Identifier: MIT */
#include "gateway/output/http_connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/mem.h"
#include "common/net.h"
#include "common/resolve.h"
#include "common/str.h"

enum {
	RECEIVE_SIZE = 16 * 1024, /* a TLS record */
	SEND_MOST = 16 * 1024,	  /* into one record */
};

enum phase { PHASE_CLOSED, PHASE_RESOLVE, PHASE_CONNECT, PHASE_HANDSHAKE, PHASE_OPEN };

struct http_connection {
	struct http_place place;
	char *host;
	http_answered answered;
	void *owner;
	enum phase phase;
	struct resolve *resolve;
	size_t next_address;
	struct tls_context *context; /* borrowed */
	struct tls_peer peer;
	SSL *ssl;
	int fd;
	struct http_reader *reader;
	struct str out; /* requests, whole and in part */
	size_t sent;	/* bytes of it */
	size_t waiting;
	bool wants_write; /* as OpenSSL last said */
	bool is_ready;	  /* something may have come */
	struct instant now;
	struct instant until; /* for what is waited for */
	enum http_failure failure;
	struct str why;
};

static bool take_answer(void *owner, const struct http_answer *answer)
{
	struct http_connection *c = owner;

	if (c->waiting == 0) /* to nothing */
		return false;
	c->waiting--;
	c->until = c->waiting > 0 ? instant_after(c->now, c->place.patience) : INSTANT_NEVER;
	if (!c->answered(c->owner, answer))
		http_connection_close(c);
	else if (answer->is_last)
		http_connection_close(c);
	return c->phase == PHASE_OPEN;
}

struct http_connection *http_connection_create(
		const struct http_place *place, http_answered answered, void *owner)
{
	struct http_connection *c = xcalloc(1, sizeof(*c));

	c->place = *place;
	c->host = xstrdup(place->host);
	c->answered = answered;
	c->owner = owner;
	c->fd = -1;
	c->until = INSTANT_NEVER;
	c->reader = http_reader_create(take_answer, c);
	return c;
}

void http_connection_destroy(struct http_connection *c)
{
	if (c == NULL)
		return;
	http_connection_close(c);
	http_reader_destroy(c->reader);
	str_finish(&c->out);
	str_finish(&c->why);
	free(c->host);
	free(c);
}

/* --- the end of a connection --------------------------------------------------------------- */

static void drop_socket(struct http_connection *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
	tls_peer_finish(&c->peer);
	c->peer = (struct tls_peer){ 0 };
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void http_connection_close(struct http_connection *c)
{
	drop_socket(c);
	resolve_end(c->resolve);
	c->resolve = NULL;
	str_clear(&c->out);
	c->sent = c->waiting = 0;
	c->until = INSTANT_NEVER;
	c->phase = PHASE_CLOSED;
}

static void fail(struct http_connection *c, enum http_failure failure, const char *why)
{
	c->failure = failure;
	str_clear(&c->why);
	str_append_escaped(&c->why, span_of_text(why));
	http_connection_close(c);
}

/* OpenSSL has given up. */
static void fail_tls(struct http_connection *c, enum http_failure failure, int system_error)
{
	struct str why = { 0 };

	if (ERR_peek_error() != 0)
		tls_append_reason(&why, c->ssl);
	else
		str_append_text(&why, system_error != 0 ? strerror(system_error)
							: "the server closed the connection");
	fail(c, failure, str_text(&why));
	str_finish(&why);
}

/* --- connecting ----------------------------------------------------------------------------- */

static void wait_on(struct http_connection *c, enum phase phase)
{
	c->phase = phase;
	c->until = instant_after(c->now, c->place.patience);
}

void http_connection_open(
		struct http_connection *c, struct tls_context *context, struct instant now)
{
	http_connection_close(c);
	http_reader_restart(c->reader);
	c->now = now;
	c->context = context;
	c->failure = HTTP_NO_FAILURE;
	str_clear(&c->why);
	c->next_address = 0;
	c->resolve = resolve_start(c->host, c->place.port);
	wait_on(c, PHASE_RESOLVE);
}

static socklen_t address_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

/* A socket that is connecting, or -errno. */
static int begin_connect(const struct sockaddr_storage *to)
{
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)to, address_len(to)) == 0 || errno == EINPROGRESS)
		return fd;
	on = errno;
	close(fd);
	return -on;
}

/* To the next address; `error` is that of the one before, 0 at the first. */
static void try_next(struct http_connection *c, int error)
{
	const struct sockaddr_storage *addresses;
	const char *problem;
	size_t count = resolve_addresses(c->resolve, &addresses, &problem);
	char address[NET_ADDRESS_TEXT];
	struct str why = { 0 };

	drop_socket(c);
	while (c->next_address < count) {
		int fd = begin_connect(&addresses[c->next_address++]);

		if (fd >= 0) {
			c->fd = fd;
			wait_on(c, PHASE_CONNECT);
			return;
		}
		error = -fd;
	}
	if (count == 0) {
		str_printf(&why, "%s cannot be resolved: %s", c->host, problem);
		fail(c, HTTP_NO_NAME, str_text(&why));
	} else {
		net_format_address(&addresses[c->next_address - 1], address, sizeof(address));
		str_printf(&why, "%s: %s", address, strerror(error));
		fail(c, HTTP_UNREACHABLE, str_text(&why));
	}
	str_finish(&why);
}

static void connected(struct http_connection *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		try_next(c, error);
		return;
	}
	c->ssl = tls_open(c->context, &c->peer);
	if (SSL_set_fd(c->ssl, c->fd) != 1)
		abort();	       /* memory alone can be missing */
	SSL_set_read_ahead(c->ssl, 1); /* answers are many and small: take them at once */
	wait_on(c, PHASE_HANDSHAKE);
}

/* Did OpenSSL only ask for more? Notes what it waits for. */
static bool is_waiting(struct http_connection *c, int result)
{
	int error = SSL_get_error(c->ssl, result);

	if (error == SSL_ERROR_WANT_WRITE)
		c->wants_write = true;
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static void shake_hands(struct http_connection *c)
{
	int r, error;

	c->wants_write = false;
	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(c->ssl);
	error = errno;
	if (r == 1) {
		c->phase = PHASE_OPEN;
		c->until = INSTANT_NEVER;
	} else if (!is_waiting(c, r)) {
		fail_tls(c, HTTP_NO_TLS, error);
	}
}

/* --- an open connection ---------------------------------------------------------------------- */

void http_connection_send(struct http_connection *c, struct span head, struct span body)
{
	str_append(&c->out, head);
	str_append(&c->out, body);
	if (c->waiting++ == 0)
		c->until = instant_after(c->now, c->place.patience);
}

static void write_out(struct http_connection *c)
{
	c->wants_write = false;
	while (c->sent < c->out.len) {
		struct span rest = span_from(str_span(&c->out), c->sent);
		int n, error;

		ERR_clear_error();
		errno = 0;
		n = SSL_write(c->ssl, rest.data, (int)span_first(rest, SEND_MOST).len);
		error = errno;
		if (n > 0) {
			c->sent += (size_t)n;
			continue;
		}
		if (!is_waiting(c, n))
			fail_tls(c, HTTP_LOST, error);
		return;
	}
	str_clear(&c->out);
	c->sent = 0;
}

/* The server has closed, politely or not. */
static void read_end(struct http_connection *c, int error)
{
	bool was_cut = !http_reader_end(c->reader);

	if (c->phase != PHASE_OPEN)
		return; /* that was the end of an answer */
	if (was_cut)
		fail(c, HTTP_LOST, "the connection was cut in the midst of an answer");
	else
		fail_tls(c, HTTP_LOST, error);
}

/*
 * A server that sends each answer by itself, without TCP_NODELAY, has the kernel hold back the
 * next one until the one before is acknowledged (Nagle, RFC 896), and ours would delay that by up
 * to 40 ms in the hope of a request that carries it. The kernel forgets the option by itself
 * (tcp(7)), so it is set after each turn of reading.
 */
static void acknowledge(struct http_connection *c)
{
	int on = 1;

	setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static void read_in(struct http_connection *c)
{
	uint8_t bytes[RECEIVE_SIZE];

	c->wants_write = false;
	while (c->phase == PHASE_OPEN) {
		int n, error;

		ERR_clear_error();
		errno = 0;
		n = SSL_read(c->ssl, bytes, sizeof(bytes));
		error = errno;
		if (n <= 0) {
			if (!is_waiting(c, n))
				read_end(c, error);
			else if (c->waiting > 0)
				acknowledge(c);
			return;
		}
		if (!http_reader_feed(c->reader, span_of(bytes, (size_t)n)) &&
				c->phase == PHASE_OPEN)
			fail(c, HTTP_NOT_HTTP, "what came is no answer to what was asked");
	}
}

/* --- what the owner calls -------------------------------------------------------------------- */

static void time_out(struct http_connection *c)
{
	if (c->phase == PHASE_CONNECT)
		try_next(c, ETIMEDOUT);
	else
		fail(c, c->phase == PHASE_RESOLVE ? HTTP_NO_NAME : HTTP_SILENT,
				c->phase == PHASE_RESOLVE     ? "no name server has answered"
				: c->phase == PHASE_HANDSHAKE ? "no TLS came"
							      : "no answer came");
}

enum http_state http_connection_step(struct http_connection *c, struct instant now)
{
	bool is_ready = c->is_ready;

	c->is_ready = false;
	c->now = now;
	if (c->phase == PHASE_RESOLVE && resolve_is_over(c->resolve))
		try_next(c, 0);
	if (c->phase == PHASE_CONNECT && is_ready)
		connected(c);
	if (c->phase == PHASE_HANDSHAKE)
		shake_hands(c);
	if (c->phase == PHASE_OPEN && (is_ready || SSL_has_pending(c->ssl)))
		read_in(c);
	if (c->phase == PHASE_OPEN && c->out.len > 0)
		write_out(c);
	if (c->phase != PHASE_CLOSED && instant_reached(c->until, now))
		time_out(c);
	return http_connection_state(c);
}

enum http_state http_connection_state(const struct http_connection *c)
{
	return c->phase == PHASE_CLOSED ? HTTP_CLOSED
	       : c->phase == PHASE_OPEN ? HTTP_OPEN
					: HTTP_CONNECTING;
}

struct pollfd http_connection_poll(const struct http_connection *c)
{
	struct pollfd fd = { c->fd, POLLIN, 0 };

	if (c->phase == PHASE_RESOLVE)
		fd.fd = resolve_fd(c->resolve);
	else if (c->phase == PHASE_CONNECT)
		fd.events = POLLOUT;
	else if (c->wants_write)
		fd.events |= POLLOUT;
	return fd;
}

void http_connection_polled(struct http_connection *c, const struct pollfd *fd)
{
	/* During the look-up the descriptor is the resolver's. */
	if (fd->fd == c->fd && fd->revents != 0)
		c->is_ready = true;
}

struct instant http_connection_deadline(const struct http_connection *c)
{
	return c->until;
}

size_t http_connection_waiting(const struct http_connection *c)
{
	return c->waiting;
}

enum http_failure http_connection_failure(const struct http_connection *c)
{
	return c->failure;
}

const char *http_connection_why(const struct http_connection *c)
{
	return str_text(&c->why);
}
