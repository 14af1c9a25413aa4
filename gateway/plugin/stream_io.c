/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include "gateway/plugin/stream_impl.h"

enum {
	MOST_AT_ONCE = 1 << 30, /* OpenSSL counts in int */
	UNWATCHED = 256,	/* receives that may follow each other without a look at the end */
	FIRST_LOOK_US = 100,	/* at what is not acknowledged yet; each later by twice as much */
	LAST_LOOK_US = 10000,
	LAST_MOMENT_MS = 100, /* for it while the output ends; receivers may delay it by 40 ms */
};

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

int stream_wait_until(const struct relay_stream *s, short events, struct instant end)
{
	int64_t rest = end.ns - instant_now().ns;
	int r = stream_wait(s->stop_fd, s->fd, events, rest > 0 ? (rest + 999999) / 1000000 : 0);

	return r > 0 ? 0 : r == 0 ? -ETIMEDOUT : r;
}

int stream_fail(struct relay_stream *s, int error)
{
	stream_reason(s->why, span_of_text(error == ETIMEDOUT	   ? "no answer in time"
					      : error == ECANCELED ? "the gateway is ending"
								   : strerror(error)));
	return -error;
}

void stream_explain_tls(
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
		stream_explain_tls(s, (struct tls_failure_words){ 0 }, &why);
	else if (s->failure.error != 0)
		tls_append_reason(&why, s->ssl);
	else
		str_append_text(&why, error != 0 ? strerror(error)
						 : "the other side closed the connection");
	stream_reason(s->why, str_span(&why));
	str_finish(&why);
	return -(error != 0 ? error : ECONNRESET);
}

int stream_wait_tls(struct relay_stream *s, int result, int error, struct instant end)
{
	int wants = SSL_get_error(s->ssl, result), r;

	if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
		return fail_tls(s, error);
	r = stream_wait_until(s, wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end);
	return r < 0 ? stream_fail(s, -r) : 0;
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
		return n > 0 ? n : stream_wait_tls(s, (int)n, error, end);
	}
	n = send(s->fd, data, len, MSG_NOSIGNAL);
	if (n >= 0 || errno == EINTR)
		return n > 0 ? n : 0;
	if (errno != EAGAIN)
		return stream_fail(s, errno);
	r = stream_wait_until(s, POLLOUT, end);
	return r < 0 ? stream_fail(s, -r) : 0;
}

int stream_send(struct relay_stream *s, const void *data, size_t len)
{
	const char *at = data;
	struct instant end = stream_patience(s);

	while (len > 0) {
		ptrdiff_t n = send_some(s, at, len, end);

		if (n < 0)
			return (int)n;
		if (n > 0)
			end = stream_patience(s); /* it does go on */
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
	return stream_fail(s, error != 0 ? error : ECONNRESET);
}

/*
 * The kernel tells nobody that a queue has become empty, so it is looked at. A reset leaves the
 * count as it is on TCP but empties it on a Unix socket: the count is taken first, then the
 * connection is looked at.
 */
int stream_drain(struct relay_stream *s)
{
	struct instant end = stream_patience(s);
	int64_t pause = FIRST_LOOK_US;
	int stop_fd = s->stop_fd, before = INT_MAX, left, r;

	for (;;) {
		if (ioctl(s->fd, SIOCOUTQ, &left) < 0)
			return stream_fail(s, errno);
		r = look_after(left > 0 ? stop_fd : -1, s->fd, left > 0 ? pause : 0);
		if (r > 0)
			return fail_broken(s);
		if (left == 0)
			return 0;
		if (r == -ECANCELED) {
			stop_fd = -1;
			end = instant_after(instant_now(), milliseconds(LAST_MOMENT_MS));
		} else if (r < 0) {
			return stream_fail(s, -r);
		} else if (left < before && stop_fd >= 0) {
			end = stream_patience(s); /* it does go on */
		} else if (instant_reached(end, instant_now())) {
			return stream_fail(s, stop_fd >= 0 ? ETIMEDOUT : ECANCELED);
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
		r = stream_wait_tls(s, (int)n, error, end);
		return r < 0 ? r : -EAGAIN;
	}
	n = recv(s->fd, data, size, 0);
	if (n >= 0)
		return n;
	if (errno == EINTR)
		return -EAGAIN;
	if (errno != EAGAIN)
		return stream_fail(s, errno);
	r = stream_wait_until(s, POLLIN, end);
	return r < 0 ? stream_fail(s, -r) : -EAGAIN;
}

ptrdiff_t stream_receive(struct relay_stream *s, void *data, size_t size)
{
	struct instant end = stream_patience(s);
	ptrdiff_t n;

	/* Whoever always has something to say must not talk us out of ending. */
	if (++s->receives % UNWATCHED == 0 && stream_wait(s->stop_fd, -1, 0, 0) < 0)
		return stream_fail(s, ECANCELED);
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
