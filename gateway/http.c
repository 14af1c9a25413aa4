/* SPDX-License-Identifier: MIT */
#include "gateway/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/http_server.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/net.h"
#include "gateway/readiness.h"

enum { REFUSED_MS = 1000 /* after accept() has failed, until it is tried again */ };

struct http {
	struct http_env env;
	struct http_server *server;
	int listeners[NET_MAX_ADDRESSES];
	size_t listener_count;
	int end_fd; /* readable: end */
	pthread_t thread;
	bool running;
};

bool http_is_available(void)
{
	return true;
}

/* --- pages --------------------------------------------------------------------------------- */

static void fill_metrics(void *owner, struct http_reply *reply)
{
	struct http *h = owner;
	struct status s = { 0 };

	h->env.take(h->env.owner, &s);
	reply->type = HTTP_TYPE_METRICS;
	status_metrics(&s, &reply->body);
	status_finish(&s);
}

static void fill_health(void *owner, struct http_reply *reply)
{
	(void)owner;
	str_append_text(&reply->body, "ok\n");
}

static void fill_readiness(void *owner, struct http_reply *reply)
{
	struct http *h = owner;
	struct status s = { 0 };

	h->env.take(h->env.owner, &s);
	reply->type = HTTP_TYPE_JSON;
	if (!readiness_format(&s, h->env.config->ready_lag, &reply->body))
		reply->status = 503;
	str_append_byte(&reply->body, '\n');
	status_finish(&s);
}

static const struct http_page pages[] = {
	{ "/metrics", "figures for Prometheus", fill_metrics },
	{ "/healthz", "whether the process lives", fill_health },
	{ "/readyz", "whether results get through, and if not, why", fill_readiness },
};

/* An address is what nobody can point a name of his own to. */
static bool is_address(const char *host)
{
	uint8_t address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool host_is_ours(void *owner, struct span host)
{
	const struct http *h = owner;
	const struct text_list *names = &h->env.config->http_hosts;
	AUTO_FREE char *text = span_dup_text(host);

	if (is_address(text) || strcasecmp(text, "localhost") == 0)
		return true;
	for (size_t i = 0; i < names->count; i++) {
		if (strcasecmp(text, names->texts[i]) == 0)
			return true;
	}
	return false;
}

/* --- the thread ---------------------------------------------------------------------------- */

/* False when a connection waits that cannot be taken now. */
static bool take_connections(struct http *h, int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			http_server_admit(h->server, fd, instant_now());
		else if (errno != EINTR && errno != ECONNABORTED)
			return errno == EAGAIN;
	}
}

static int wait_time(struct instant until)
{
	int64_t ms;

	if (until.ns == INSTANT_NEVER.ns)
		return -1;
	ms = duration_milliseconds(instant_between(instant_now(), until)) + 1;
	return ms < 0 ? 0 : ms > REFUSED_MS ? REFUSED_MS : (int)ms;
}

static void *run(void *owner)
{
	struct http *h = owner;
	struct pollfd fds[NET_MAX_ADDRESSES + 2];
	struct instant next = INSTANT_NEVER;
	bool refused = false;

	fds[0] = (struct pollfd){ h->end_fd, POLLIN, 0 };
	fds[1] = (struct pollfd){ http_server_fd(h->server), POLLIN, 0 };
	while (fds[0].revents == 0) {
		for (size_t i = 0; i < h->listener_count; i++)
			fds[i + 2] = (struct pollfd){ refused ? -1 : h->listeners[i], POLLIN, 0 };
		if (refused)
			next = instant_earlier(next,
					instant_after(instant_now(), milliseconds(REFUSED_MS)));
		if (poll(fds, 2 + h->listener_count, wait_time(next)) < 0)
			continue;
		refused = false;
		for (size_t i = 0; i < h->listener_count; i++) {
			if (fds[i + 2].revents != 0 && !take_connections(h, h->listeners[i]))
				refused = true;
		}
		next = http_server_run(h->server, instant_now());
	}
	return NULL;
}

/* --- life ---------------------------------------------------------------------------------- */

static bool listen_there(struct http *h)
{
	const struct config *c = h->env.config;
	struct net_place place = { .host = c->http_place.host, .port = c->http_place.port };
	char failed[NET_ADDRESS_TEXT] = "";
	int r = net_listen(&place, h->listeners, failed);

	if (r < 0) {
		log_error_errno(r, "http_listen %s: cannot listen%s%s", c->http_listen,
				failed[0] != '\0' ? " on " : "", failed);
		return false;
	}
	h->listener_count = (size_t)r;
	for (int i = 0; i < r; i++) {
		char address[NET_ADDRESS_TEXT];

		log_notice("http_listen: /metrics, /healthz and /readyz on http://%s/",
				net_local_address(h->listeners[i], address));
	}
	return true;
}

static bool start_thread(struct http *h)
{
	struct http_site site = { .name = "belfry-gateway",
		.pages = pages,
		.page_count = array_size(pages),
		.host_is_ours = host_is_ours,
		.owner = h };
	int r;

	h->server = http_server_create(&site);
	h->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->server == NULL || h->end_fd < 0) {
		log_error("http_listen: libmicrohttpd does not start");
		return false;
	}
	r = pthread_create(&h->thread, NULL, run, h);
	if (r != 0)
		log_error_errno(r, "http_listen: no thread to be had");
	h->running = r == 0;
	return h->running;
}

struct http *http_start(const struct http_env *env)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->env = *env;
	h->end_fd = -1;
	if (listen_there(h) && start_thread(h))
		return h;
	http_stop(h);
	return NULL;
}

void http_stop(struct http *h)
{
	if (h == NULL)
		return;
	if (h->running) {
		eventfd_write(h->end_fd, 1);
		pthread_join(h->thread, NULL);
	}
	http_server_destroy(h->server);
	for (size_t i = 0; i < h->listener_count; i++)
		close(h->listeners[i]);
	if (h->end_fd >= 0)
		close(h->end_fd);
	free(h);
}
