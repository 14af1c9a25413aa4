/* SPDX-License-Identifier: MIT */
#include "broker/io/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "broker/io/address_limit.h"
#include "broker/io/connection.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/net.h"

/* Connections accepted before other sockets have their turn again. */
enum {
	MAX_ACCEPTS = 64,
	WARN_SECONDS = 10,
	MAX_REPORTS = 20, /* lines about handshakes in WARN_SECONDS */
};

/* Who floods the broker with connections is not to fill its log as well. */
static bool may_warn(struct listener *l)
{
	struct instant now = l->reactor->now;

	if (l->warned.ns != 0 &&
			!instant_reached(instant_after(l->warned, seconds(WARN_SECONDS)), now))
		return false;
	l->warned = now;
	return true;
}

bool listener_may_report(struct listener *l)
{
	struct instant now = l->reactor->now;

	if (instant_reached(instant_after(l->reports_since, seconds(WARN_SECONDS)), now)) {
		if (l->reports > MAX_REPORTS)
			log_notice("listener: %u more failed handshakes were not reported",
					l->reports - MAX_REPORTS);
		l->reports_since = now;
		l->reports = 0;
	}
	return ++l->reports <= MAX_REPORTS;
}

static int open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/*
 * No descriptor is left for a new connection, and it would be announced for ever: take it with the
 * one in reserve and turn it away.
 */
static void turn_away(struct listener *l)
{
	int fd;

	l->reactor->no_descriptor = l->reactor->now;
	if (may_warn(l))
		log_warn("listener: no file descriptor left for a new connection; raise "
			 "LimitNOFILE");
	close(l->reserve_fd);
	fd = accept4(l->watcher.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	l->reserve_fd = open_reserve();
}

static bool has_room(struct listener *l)
{
	const struct reactor *r = l->reactor;
	bool is_full = (l->max_connections > 0 && l->connections >= l->max_connections) ||
		       (r->max_connections > 0 && r->connection_count >= r->max_connections);

	if (is_full && may_warn(l))
		log_warn("listener: max_connections or global_max_connections reached, "
			 "new connections are closed");
	return !is_full;
}

/* Before anything is done for it, above all before a TLS handshake. */
static bool is_too_fast(const struct listener *l, int fd)
{
	struct reactor *r = l->reactor;
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	return r->limit != NULL && getpeername(fd, (struct sockaddr *)&address, &len) == 0 &&
	       !address_limit_connect(r->limit, &address, r->now);
}

static void admit(struct listener *l, int fd)
{
	int on = 1;

	/* It has a limit of its own, and is to answer when there is no room for clients. */
	if (l->http_api != NULL) {
		http_api_admit(l->http_api, fd);
		return;
	}
	if (is_too_fast(l, fd) || !has_room(l)) {
		close(fd);
		return;
	}
	/* Writes are gathered here already; waiting for more in the kernel only adds delay. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	l->connections++;
	connection_create(l->reactor, l, fd);
}

static void on_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct listener *l = container_of(watcher, struct listener, watcher);

	(void)loop;
	(void)events;
	for (int i = 0; i < MAX_ACCEPTS; i++) {
		int fd = accept4(watcher->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			admit(l, fd);
		} else if (errno == EMFILE || errno == ENFILE) {
			turn_away(l);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

static void listener_create(struct reactor *r, int fd, const struct listener_options *options,
		struct listener **list)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->reactor = r;
	l->http_api = options->http_api;
	l->max_connections = options->max_connections;
	l->name = xstrdup(options->name);
	l->policy = policy_ref(options->policy);
	l->tls = options->tls != NULL ? tls_context_ref(options->tls) : NULL;
	l->peer_name = options->peer_name;
	l->reserve_fd = open_reserve();
	ev_io_init(&l->watcher, on_ready, fd, EV_READ);
	ev_io_start(r->loop, &l->watcher);
	l->next = *list;
	*list = l;
}

int listeners_open(
		struct reactor *r, const struct listener_options *options, struct listener **list)
{
	int fds[NET_MAX_ADDRESSES];
	char failed[NET_ADDRESS_TEXT];
	struct net_place place = { .host = options->host, .port = options->port };
	int n = net_listen(&place, fds, failed);

	if (n < 0) {
		log_error_errno(n, "listener %s: cannot listen%s", failed,
				n == -EADDRINUSE ? " (is another broker running? take another port)"
						 : "");
		return n;
	}
	for (int i = 0; i < n; i++) {
		log_info("Opening listen socket on %s", net_local_address(fds[i], failed));
		listener_create(r, fds[i], options, list);
	}
	return 0;
}

void listener_change(struct listener *l, uint64_t max_connections, struct policy *policy)
{
	policy_ref(policy);
	policy_unref(l->policy);
	l->policy = policy;
	l->max_connections = max_connections;
}

void listener_change_tls(struct listener *l, struct tls_context *tls, enum tls_name peer_name)
{
	struct tls_context *old = l->tls;

	l->tls = tls != NULL ? tls_context_ref(tls) : NULL;
	l->peer_name = peer_name;
	tls_context_unref(old);
	for (struct connection *c = l->reactor->connections; c != NULL; c = c->next) {
		if (c->listener == l)
			connection_check_again(c);
	}
}

void listeners_close(struct listener **list)
{
	while (*list != NULL) {
		struct listener *l = *list;

		*list = l->next;
		for (struct connection *c = l->reactor->connections; c != NULL; c = c->next) {
			if (c->listener == l)
				c->listener = NULL;
		}
		ev_io_stop(l->reactor->loop, &l->watcher);
		close(l->watcher.fd);
		close(l->reserve_fd);
		policy_unref(l->policy);
		free(l->name);
		tls_context_unref(l->tls);
		free(l);
	}
}
