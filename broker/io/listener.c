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

enum {
	MAX_ACCEPTS = 64, /* before other sockets have their turn again */
	WARN_SECONDS = 10,
	MAX_REPORTS = 20, /* lines about handshakes in WARN_SECONDS */
	PAUSE_MS = 100,
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
 * one in reserve and turn it away. False when that did not work, or will not the next time.
 */
static bool turn_away(struct listener *l)
{
	int fd;

	if (l->reserve_fd < 0)
		return false;
	close(l->reserve_fd);
	fd = accept4(l->watcher.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	l->reserve_fd = open_reserve();
	return l->reserve_fd >= 0;
}

/* What waits would be announced again at once, and again. */
static void pause_accepting(struct listener *l)
{
	ev_io_stop(l->reactor->loop, &l->watcher);
	ev_timer_set(&l->pause, PAUSE_MS / 1000., 0.);
	ev_timer_start(l->reactor->loop, &l->pause);
}

static void on_pause_over(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct listener *l = container_of(timer, struct listener, pause);

	(void)events;
	if (l->reserve_fd < 0)
		l->reserve_fd = open_reserve();
	ev_io_start(loop, &l->watcher);
}

static void accept_failed(struct listener *l, int error)
{
	if (error == EMFILE || error == ENFILE) {
		l->reactor->no_descriptor = l->reactor->now;
		if (may_warn(l))
			log_warn("listener: no file descriptor left for a new connection; raise "
				 "LimitNOFILE");
		if (!turn_away(l))
			pause_accepting(l);
	} else if (error == ENOBUFS || error == ENOMEM || error == EPERM) {
		if (may_warn(l))
			log_warn_errno(error, "listener: cannot accept a new connection");
		pause_accepting(l);
	}
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

/*
 * Before anything is done for it, above all before a TLS handshake. Behind a proxy that is asked
 * when it has said who comes.
 */
static bool is_too_fast(const struct listener *l, int fd)
{
	struct reactor *r = l->reactor;
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	return l->proxy.version == PROXY_NONE && r->limit != NULL &&
	       getpeername(fd, (struct sockaddr *)&address, &len) == 0 &&
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
		} else if (errno != EINTR && errno != ECONNABORTED) {
			accept_failed(l, errno);
			return;
		}
	}
}

static void take_options(struct listener *l, const struct listener_options *options)
{
	l->max_connections = options->max_connections;
	l->policy = policy_ref(options->policy);
	l->tls = options->tls != NULL ? tls_context_ref(options->tls) : NULL;
	l->peer_name = options->peer_name;
	l->websocket = options->websocket != NULL ? http_upgrade_rules_ref(options->websocket)
						  : NULL;
	l->proxy = options->proxy;
}

static void drop_options(struct listener *l)
{
	policy_unref(l->policy);
	tls_context_unref(l->tls);
	http_upgrade_rules_unref(l->websocket);
}

static struct listener *listener_create(struct reactor *r, int fd,
		const struct listener_options *options, struct listener **list)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->reactor = r;
	l->name = xstrdup(options->name);
	l->http_api = options->http_api;
	l->reserve_fd = open_reserve();
	take_options(l, options);
	ev_timer_init(&l->pause, on_pause_over, 0., 0.);
	ev_io_init(&l->watcher, on_ready, fd, EV_READ);
	ev_io_start(r->loop, &l->watcher);
	l->next = *list;
	*list = l;
	return l;
}

static int open_unix(
		struct reactor *r, const struct listener_options *options, struct listener **list)
{
	const char *path = options->place.host;
	int fd = net_listen_unix(path);

	if (fd < 0) {
		log_error_errno(fd, "listener 0 %s: cannot listen%s", path,
				fd == -EADDRINUSE     ? " (is another broker running?)"
				: fd == -EEXIST	      ? " (it is not a socket; remove it or take "
							"another path)"
				: fd == -ENAMETOOLONG ? " (a Unix socket's path has 107 bytes at "
							"most)"
						      : "");
		return fd;
	}
	log_info("Opening unix listen socket on path %s", path);
	listener_create(r, fd, options, list)->path = xstrdup(path);
	return 0;
}

static int open_internet(
		struct reactor *r, const struct listener_options *options, struct listener **list)
{
	int fds[NET_MAX_ADDRESSES];
	char address[NET_ADDRESS_TEXT];
	int n = net_listen(&options->place, fds, address);

	if (n < 0) {
		log_error_errno(n, "listener %s: cannot listen%s", address,
				n == -EADDRINUSE ? " (is another broker running? take another port)"
				: n == -ENODEV	 ? " (there is no such interface)"
						 : "");
		return n;
	}
	for (int i = 0; i < n; i++) {
		log_info("Opening listen socket on %s", net_local_address(fds[i], address));
		listener_create(r, fds[i], options, list);
	}
	return 0;
}

static bool is_unix(const struct net_place *place)
{
	return place->host != NULL && place->host[0] == '/';
}

/* Their file is systemd's: it stays. */
static bool take_passed(struct reactor *r, const struct listener_options *options,
		struct activation *passed, struct listener **list)
{
	const struct net_place *place = &options->place;
	char address[NET_ADDRESS_TEXT];
	bool any = false;
	int fd;

	while ((fd = is_unix(place) ? activation_take_unix(passed, place->host)
				    : activation_take(passed, place)) >= 0) {
		log_info("Listening on %s, which systemd has opened",
				is_unix(place) ? place->host : net_local_address(fd, address));
		listener_create(r, fd, options, list);
		any = true;
	}
	return any;
}

int listeners_open(struct reactor *r, const struct listener_options *options,
		struct activation *passed, struct listener **list)
{
	if (take_passed(r, options, passed, list))
		return 0;
	return is_unix(&options->place) ? open_unix(r, options, list)
					: open_internet(r, options, list);
}

const struct listener *listener_find(const struct listener *list, const char *name)
{
	while (list != NULL && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

void listener_change(struct listener *l, const struct listener_options *options)
{
	struct listener before = *l;
	struct listener_options taken = *options;

	/* `protocol` and `enable_proxy_protocol`: clients know how this port is spoken to. */
	if ((taken.websocket == NULL) != (before.websocket == NULL))
		taken.websocket = before.websocket;
	if (taken.proxy.version != before.proxy.version)
		taken.proxy = before.proxy;
	take_options(l, &taken);
	drop_options(&before);
	for (struct connection *c = l->reactor->connections; c != NULL; c = c->next) {
		if (c->listener == l && l->tls != NULL)
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
		ev_timer_stop(l->reactor->loop, &l->pause);
		if (l->path != NULL)
			unlink(l->path);
		close(l->watcher.fd);
		close_fd_at(&l->reserve_fd);
		drop_options(l);
		free(l->name);
		free(l->path);
		free(l);
	}
}
