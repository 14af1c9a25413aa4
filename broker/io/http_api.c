/* SPDX-License-Identifier: MIT */
#include "broker/io/http_api.h"

#include "broker/core/metric.h"
#include "broker/io/health.h"
#include "common/http_server.h"
#include "common/mem.h"

struct http_api {
	struct reactor *reactor;
	struct sys *sys;
	struct http_server *server;
	ev_io watcher; /* libmicrohttpd's epoll */
	ev_timer timer;
};

bool http_api_is_available(void)
{
	return true;
}

/* --- pages ---------------------------------------------------------------------------------- */

static void fill_metrics(void *owner, struct http_reply *reply)
{
	struct http_api *h = owner;

	reply->type = HTTP_TYPE_METRICS;
	metrics_format(sys_figures(h->sys), &reply->body);
}

static void fill_health(void *owner, struct http_reply *reply)
{
	struct http_api *h = owner;
	const char *problem = health_problem(h->reactor);

	if (problem != NULL)
		reply->status = 503;
	str_printf(&reply->body, "%s\n", problem != NULL ? problem : "ok");
}

static const struct http_page pages[] = {
	{ "/metrics", "figures for Prometheus", fill_metrics },
	{ "/healthz", "whether new clients are taken", fill_health },
};

/* --- on the loop ---------------------------------------------------------------------------- */

/* Let libmicrohttpd work, and plan when it has to again if its sockets stay silent. */
static void run(struct http_api *h)
{
	struct instant now = h->reactor->now;
	struct instant next = http_server_run(h->server, now);

	ev_timer_stop(h->reactor->loop, &h->timer);
	if (next.ns == INSTANT_NEVER.ns)
		return;
	ev_timer_set(&h->timer, duration_seconds(instant_between(now, next)), 0.);
	ev_timer_start(h->reactor->loop, &h->timer);
}

static void on_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	run(watcher->data);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	run(watcher->data);
}

void http_api_admit(struct http_api *h, int fd)
{
	http_server_admit(h->server, fd, h->reactor->now);
	run(h);
}

/* --- life ----------------------------------------------------------------------------------- */

struct http_api *http_api_create(struct reactor *r, struct sys *sys)
{
	struct http_api *h = xcalloc(1, sizeof(*h));
	struct http_site site = {
		.name = "belfry-broker", .pages = pages, .page_count = array_size(pages), .owner = h
	};

	h->reactor = r;
	h->sys = sys;
	h->server = http_server_create(&site);
	if (h->server == NULL) {
		log_error("http_api: libmicrohttpd does not start");
		free(h);
		return NULL;
	}
	ev_timer_init(&h->timer, on_timer, 0., 0.);
	h->timer.data = h;
	ev_io_init(&h->watcher, on_ready, http_server_fd(h->server), EV_READ);
	h->watcher.data = h;
	ev_io_start(r->loop, &h->watcher);
	return h;
}

void http_api_destroy(struct http_api *h)
{
	if (h == NULL)
		return;
	ev_io_stop(h->reactor->loop, &h->watcher);
	ev_timer_stop(h->reactor->loop, &h->timer);
	http_server_destroy(h->server);
	free(h);
}
