/* SPDX-License-Identifier: MIT */
#include "gateway/plugin/stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/un.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/net.h"
#include "common/resolve.h"
#include "common/tls_failure.h"
#include "common/utf8.h"

enum {
	MOST_AT_ONCE = 1 << 30, /* OpenSSL counts in int */
	UNWATCHED = 256,	/* receives that may follow each other without a look at the end */
	FIRST_LOOK_US = 100,	/* at what is not acknowledged yet; each later by twice as much */
	LAST_LOOK_US = 10000,
	LAST_MOMENT_MS = 100, /* for it while the output ends; receivers may delay it by 40 ms */
};

struct relay_stream {
	int stop_fd, fd;
	SSL *ssl; /* NULL: without TLS */
	struct tls_context *context;
	struct tls_peer peer;
	struct duration patience;
	unsigned receives;
	struct tls_failure failure;
	bool has_certificate; /* that is shown to the server */
	char why[RELAY_REASON];
};

void stream_reason(char into[RELAY_REASON], struct span text)
{
	struct str safe = { 0 };
	struct span cut;

	str_append_escaped(&safe, text);
	cut = utf8_first(str_span(&safe), RELAY_REASON - 1);
	memcpy(into, str_text(&safe), cut.len);
	into[cut.len] = '\0';
	str_finish(&safe);
}

struct tls_settings stream_tls_settings(const struct relay_tls *tls)
{
	return (struct tls_settings){ .cafile = tls->cafile,
		.capath = tls->capath,
		.certfile = tls->certfile,
		.keyfile = tls->keyfile,
		.crlfile = tls->crlfile,
		.tls_version = tls->tls_version,
		.insecure = tls->insecure,
		.use_os_certs = tls->cafile == NULL && tls->capath == NULL };
}

/* --- waiting ------------------------------------------------------------------------------- */

int stream_wait(int stop_fd, int fd, short events, int64_t milliseconds)
{
	struct pollfd fds[2] = { { stop_fd, POLLIN, 0 }, { fd, events, 0 } };
	int n;

	do
		n = poll(fds, 2, milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (fds[0].revents != 0)
		return -ECANCELED;
	return n > 0;
}

/* 0, -ETIMEDOUT, -ECANCELED. */
static int wait_until(const struct relay_stream *s, short events, struct instant end)
{
	int64_t rest = end.ns - instant_now().ns;
	int r = stream_wait(s->stop_fd, s->fd, events, rest > 0 ? (rest + 999999) / 1000000 : 0);

	return r > 0 ? 0 : r == 0 ? -ETIMEDOUT : r;
}

static struct instant patience_of(const struct relay_stream *s)
{
	return instant_after(instant_now(), s->patience);
}

static int fail(struct relay_stream *s, int error)
{
	stream_reason(s->why, span_of_text(error == ETIMEDOUT	   ? "no answer in time"
					      : error == ECANCELED ? "the gateway is ending"
								   : strerror(error)));
	return -error;
}

/* As a sentence with a remedy, in the words of the settings that relays have. */
static void explain_tls(
		const struct relay_stream *s, struct tls_failure_words words, struct str *why)
{
	words.peer = "the server";
	words.certfile = "certfile";
	words.keyfile = "keyfile";
	words.has_certificate = s->has_certificate;
	tls_failure_explain(&s->failure, &words, why);
}

/* OpenSSL has given up. */
static int fail_tls(struct relay_stream *s, int error)
{
	struct str why = { 0 };

	s->failure.error = ERR_peek_error();
	if (tls_failure_refuses_us(&s->failure))
		explain_tls(s, (struct tls_failure_words){ 0 }, &why);
	else if (s->failure.error != 0)
		tls_append_reason(&why, s->ssl);
	else
		str_append_text(&why, error != 0 ? strerror(error)
						 : "the other side closed the connection");
	stream_reason(s->why, str_span(&why));
	str_finish(&why);
	return -(error != 0 ? error : ECONNRESET);
}

/*
 * A call of OpenSSL's has returned `result`: wait for what it wants. 0: call it again. `error` is
 * errno as it left it.
 */
static int wait_tls(struct relay_stream *s, int result, int error, struct instant end)
{
	int wants = SSL_get_error(s->ssl, result), r;

	if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
		return fail_tls(s, error);
	r = wait_until(s, wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end);
	return r < 0 ? fail(s, -r) : 0;
}

/* --- connecting ---------------------------------------------------------------------------- */

/* A socket that is connected to the address in time; -errno. */
static int connect_to(struct relay_stream *s, const struct sockaddr *address, socklen_t len)
{
	struct instant end = patience_of(s);
	int on = 1, error = 0, r = 0;
	socklen_t size = sizeof(error);

	s->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	if (address->sa_family != AF_UNIX) {
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(s->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	if (connect(s->fd, address, len) < 0)
		r = errno == EINPROGRESS ? wait_until(s, POLLOUT, end) : -errno;
	if (r == 0 && getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0)
		r = -error;
	if (r < 0) {
		close(s->fd);
		s->fd = -1;
	}
	return r;
}

static bool connect_unix(struct relay_stream *s, const char *path, struct str *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int r = -ENAMETOOLONG;

	if (strlen(path) < sizeof(address.sun_path)) {
		memcpy(address.sun_path, path, strlen(path));
		r = connect_to(s, (const struct sockaddr *)&address, sizeof(address));
	}
	if (r < 0)
		str_printf(why, "%s: %s", path, strerror(-r));
	return r == 0;
}

static socklen_t address_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

static bool connect_one_of(struct relay_stream *s, const struct sockaddr_storage *addresses,
		size_t count, struct str *why)
{
	char text[NET_ADDRESS_TEXT];
	int r = -ECANCELED;

	for (size_t i = 0; i < count; i++) {
		r = connect_to(s, (const struct sockaddr *)&addresses[i],
				address_len(&addresses[i]));
		if (r == 0)
			return true;
		if (r == -ECANCELED)
			break;
		net_format_address(&addresses[i], text, sizeof(text));
	}
	if (r == -ECANCELED)
		str_append_text(why, "the gateway is ending");
	else
		str_printf(why, "%s: %s", text,
				r == -ETIMEDOUT ? "no connection in time" : strerror(-r));
	return false;
}

static bool connect_name(struct relay_stream *s, const struct relay_place *place, struct str *why)
{
	struct resolve *resolve = resolve_start(place->host, place->port);
	const struct sockaddr_storage *addresses;
	const char *problem = "no name server has answered";
	size_t count = 0;
	bool ok = false;

	stream_wait(s->stop_fd, resolve_fd(resolve), POLLIN, s->patience.ns / 1000000);
	if (resolve_is_over(resolve))
		count = resolve_addresses(resolve, &addresses, &problem);
	if (count > 0)
		ok = connect_one_of(s, addresses, count, why);
	else
		str_printf(why, "%s cannot be resolved: %s", place->host, problem);
	resolve_end(resolve);
	return ok;
}

/* 0, or -errno once and for all. */
static int handshake(struct relay_stream *s)
{
	struct instant end = patience_of(s);
	int r = 0;

	while (r == 0) {
		int done, error;

		ERR_clear_error();
		errno = 0;
		done = SSL_do_handshake(s->ssl);
		error = errno;
		if (done == 1)
			return 0;
		r = wait_tls(s, done, error, end);
	}
	return r;
}

static bool shake_hands(struct relay_stream *s, const struct stream_env *env, const char *host,
		struct str *why)
{
	struct tls_settings settings = *env->tls;
	struct tls_failure_words words = {
		.host = host,
		.trusted = settings.cafile == NULL && settings.capath != NULL ? "capath" : "cafile",
		.tls_version = settings.tls_version,
	};
	struct str warning = { 0 };
	int r;

	settings.host = host;
	s->context = tls_client_create(&settings, why, &warning);
	str_finish(&warning);
	if (s->context == NULL)
		return false;
	s->has_certificate = settings.certfile != NULL;
	tls_failure_watch(s->context, &s->failure);
	s->ssl = tls_open(s->context, &s->peer);
	if (SSL_set_fd(s->ssl, s->fd) != 1)
		abort(); /* memory alone can be missing */
	r = handshake(s);
	tls_failure_watch(s->context, NULL);
	if (r == 0)
		return true;
	str_printf(why, "no TLS with %.100s: ", host);
	if (tls_failure_known(&s->failure))
		explain_tls(s, words, why);
	else
		str_append_text(why, s->why);
	return false;
}

static bool open_stream(struct relay_stream *s, const struct stream_env *env,
		const struct relay_place *place, struct str *why)
{
	if (place->host == NULL)
		return connect_unix(s, place->path, why);
	if (place->tls && env->tls == NULL) {
		str_append_text(why, "the plugin wants TLS without RELAY_USES_TLS");
		return false;
	}
	return connect_name(s, place, why) &&
	       (!place->tls || shake_hands(s, env, place->host, why));
}

struct relay_stream *stream_connect(const struct stream_env *env, const struct relay_place *place,
		char why[RELAY_REASON])
{
	struct relay_stream *s = xcalloc(1, sizeof(*s));
	struct str reason = { 0 };
	bool ok;

	s->stop_fd = env->stop_fd;
	s->fd = -1;
	s->patience = milliseconds(place->timeout_ms > 0 ? place->timeout_ms : 10000);
	ok = open_stream(s, env, place, &reason);
	if (!ok) {
		stream_reason(why, str_span(&reason));
		stream_close(s);
	}
	str_finish(&reason);
	return ok ? s : NULL;
}

void stream_close(struct relay_stream *s)
{
	if (s == NULL)
		return;
	if (s->ssl != NULL && SSL_is_init_finished(s->ssl)) {
		ERR_clear_error();
		SSL_shutdown(s->ssl); /* says good-bye, does not wait for the answer */
	}
	SSL_free(s->ssl);
	tls_peer_finish(&s->peer);
	tls_context_unref(s->context);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

/* --- an open one --------------------------------------------------------------------------- */

/* As send(): how many bytes, 0: call again, or -errno. */
static ptrdiff_t send_some(struct relay_stream *s, const char *data, size_t len, struct instant end)
{
	ptrdiff_t n;
	int error, r;

	if (s->ssl != NULL) {
		ERR_clear_error();
		errno = 0;
		n = SSL_write(s->ssl, data, len > MOST_AT_ONCE ? MOST_AT_ONCE : (int)len);
		error = errno;
		return n > 0 ? n : wait_tls(s, (int)n, error, end);
	}
	n = send(s->fd, data, len, MSG_NOSIGNAL);
	if (n >= 0 || errno == EINTR)
		return n > 0 ? n : 0;
	if (errno != EAGAIN)
		return fail(s, errno);
	r = wait_until(s, POLLOUT, end);
	return r < 0 ? fail(s, -r) : 0;
}

int stream_send(struct relay_stream *s, const void *data, size_t len)
{
	const char *at = data;
	struct instant end = patience_of(s);

	while (len > 0) {
		ptrdiff_t n = send_some(s, at, len, end);

		if (n < 0)
			return (int)n;
		if (n > 0)
			end = patience_of(s); /* it does go on */
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Wait so long: 0, sooner 1 when the connection is broken, -ECANCELED. */
static int look_after(int stop_fd, int fd, int64_t microseconds)
{
	struct timespec most = { .tv_nsec = (long)microseconds * 1000 };
	struct pollfd fds[2] = { { stop_fd, POLLIN, 0 }, { fd, 0, 0 } };
	int n;

	do
		n = ppoll(fds, 2, &most, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return fds[1].revents != 0 ? 1 : fds[0].revents != 0 ? -ECANCELED : 0;
}

static int fail_broken(struct relay_stream *s)
{
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return fail(s, error != 0 ? error : ECONNRESET);
}

/*
 * The kernel tells nobody that a queue has become empty, so it is looked at. A reset leaves the
 * count as it is on TCP but empties it on a Unix socket: the count is taken first, then the
 * connection is looked at.
 */
int stream_drain(struct relay_stream *s)
{
	struct instant end = patience_of(s);
	int64_t pause = FIRST_LOOK_US;
	int stop_fd = s->stop_fd, before = INT_MAX, left, r;

	for (;;) {
		if (ioctl(s->fd, SIOCOUTQ, &left) < 0)
			return fail(s, errno);
		r = look_after(left > 0 ? stop_fd : -1, s->fd, left > 0 ? pause : 0);
		if (r > 0)
			return fail_broken(s);
		if (left == 0)
			return 0;
		if (r == -ECANCELED) {
			stop_fd = -1;
			end = instant_after(instant_now(), milliseconds(LAST_MOMENT_MS));
		} else if (r < 0) {
			return fail(s, -r);
		} else if (left < before && stop_fd >= 0) {
			end = patience_of(s); /* it does go on */
		} else if (instant_reached(end, instant_now())) {
			return fail(s, stop_fd >= 0 ? ETIMEDOUT : ECANCELED);
		}
		before = left;
		pause = pause * 2 < LAST_LOOK_US ? pause * 2 : LAST_LOOK_US;
	}
}

/* As recv(), -EAGAIN: call again. */
static ptrdiff_t receive_some(struct relay_stream *s, void *data, size_t size, struct instant end)
{
	ptrdiff_t n;
	int error, r;

	if (s->ssl != NULL) {
		ERR_clear_error();
		errno = 0;
		n = SSL_read(s->ssl, data, size > MOST_AT_ONCE ? MOST_AT_ONCE : (int)size);
		error = errno;
		if (n > 0)
			return n;
		if (SSL_get_error(s->ssl, (int)n) == SSL_ERROR_ZERO_RETURN)
			return 0;
		r = wait_tls(s, (int)n, error, end);
		return r < 0 ? r : -EAGAIN;
	}
	n = recv(s->fd, data, size, 0);
	if (n >= 0)
		return n;
	if (errno == EINTR)
		return -EAGAIN;
	if (errno != EAGAIN)
		return fail(s, errno);
	r = wait_until(s, POLLIN, end);
	return r < 0 ? fail(s, -r) : -EAGAIN;
}

ptrdiff_t stream_receive(struct relay_stream *s, void *data, size_t size)
{
	struct instant end = patience_of(s);
	ptrdiff_t n;

	/* Whoever always has something to say must not talk us out of ending. */
	if (++s->receives % UNWATCHED == 0 && stream_wait(s->stop_fd, -1, 0, 0) < 0)
		return fail(s, ECANCELED);
	do
		n = receive_some(s, data, size, end);
	while (n == -EAGAIN);
	if (n == 0)
		stream_reason(s->why, span_of_text("the other side closed the connection"));
	return n;
}

bool stream_is_open(struct relay_stream *s)
{
	char byte;
	int n;

	if (s->ssl == NULL) {
		n = (int)recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
		return n > 0 || (n < 0 && errno == EAGAIN);
	}
	ERR_clear_error();
	n = SSL_peek(s->ssl, &byte, 1); /* takes session tickets, and a good-bye */
	return n > 0 || SSL_get_error(s->ssl, n) == SSL_ERROR_WANT_READ;
}

const char *stream_why(const struct relay_stream *s)
{
	return s->why;
}
