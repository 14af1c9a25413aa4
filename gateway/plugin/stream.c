/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/un.h>

#include <openssl/err.h>

#include "common/mem.h"
#include "common/net.h"
#include "common/resolve.h"
#include "common/utf8.h"
#include "gateway/plugin/stream_impl.h"

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

/* --- connecting ---------------------------------------------------------------------------- */

/* A socket that is connected to the address in time; -errno. */
static int connect_to(struct relay_stream *s, const struct sockaddr *address, socklen_t len)
{
	struct instant end = stream_patience(s);
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
		r = errno == EINPROGRESS ? stream_wait_until(s, POLLOUT, end) : -errno;
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
	struct instant end = stream_patience(s);
	int r = 0;

	while (r == 0) {
		int done, error;

		ERR_clear_error();
		errno = 0;
		done = SSL_do_handshake(s->ssl);
		error = errno;
		if (done == 1)
			return 0;
		r = stream_wait_tls(s, done, error, end);
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
		stream_explain_tls(s, words, why);
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
