/* SPDX-License-Identifier: MIT */
#include "broker/io/http_api.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include "broker/core/metric.h"
#include "broker/io/health.h"
#include "common/mem.h"

enum { REQUEST_BYTES = 8192 }; /* of one connection: request line, headers, answer's headers */

/* A connection of libmicrohttpd's, as far as its end is ours to decide. */
struct visit {
	int fd; /* borrowed; -1: free */
	struct instant deadline;
};

struct http_api {
	struct reactor *reactor;
	struct sys *sys;
	struct MHD_Daemon *daemon;
	ev_io watcher; /* libmicrohttpd's epoll */
	ev_timer timer;
	struct visit visits[HTTP_CONNECTIONS];
	size_t open;
};

bool http_api_is_available(void)
{
	return true;
}

/* --- answers -------------------------------------------------------------------------------- */

static enum MHD_Result answer(
		struct MHD_Connection *c, unsigned status, const char *type, struct str *body)
{
	size_t len = body->len;
	struct MHD_Response *response =
			MHD_create_response_from_buffer(len, str_take(body), MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Content-Security-Policy", "default-src 'none'");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Connection", "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	result = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	struct str body = { 0 };

	str_printf(&body, "%s\n", text);
	return answer(c, status, "text/plain; charset=utf-8", &body);
}

static enum MHD_Result answer_index(struct http_api *h, struct MHD_Connection *c)
{
	struct str body = { 0 };

	(void)h;
	str_append_text(&body, "<!DOCTYPE html>\n<html lang=\"en\"><title>belfry-broker</title>\n"
			       "<h1>belfry-broker " BELFRY_VERSION "</h1>\n<ul>\n"
			       "<li><a href=\"/metrics\">/metrics</a>: figures for Prometheus\n"
			       "<li><a href=\"/healthz\">/healthz</a>: whether new clients are "
			       "taken\n</ul>\n</html>\n");
	return answer(c, MHD_HTTP_OK, "text/html; charset=utf-8", &body);
}

static enum MHD_Result answer_metrics(struct http_api *h, struct MHD_Connection *c)
{
	struct str body = { 0 };

	metrics_format(sys_figures(h->sys), &body);
	return answer(c, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &body);
}

static enum MHD_Result answer_health(struct http_api *h, struct MHD_Connection *c)
{
	const char *problem = health_problem(h->reactor);

	if (problem == NULL)
		return answer_text(c, MHD_HTTP_OK, "ok");
	return answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE, problem);
}

static const struct {
	const char *path;
	enum MHD_Result (*answer)(struct http_api *h, struct MHD_Connection *c);
} pages[] = {
	{ "/", answer_index },
	{ "/metrics", answer_metrics },
	{ "/healthz", answer_health },
};

/* Called when the headers are there. A body is not waited for: the answer comes first. */
static enum MHD_Result on_request(void *owner, struct MHD_Connection *c, const char *path,
		const char *method, const char *version, const char *body, size_t *body_len,
		void **request)
{
	struct http_api *h = owner;

	(void)version;
	(void)body;
	(void)body_len;
	(void)request;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are served");
	for (size_t i = 0; i < array_size(pages); i++) {
		if (strcmp(path, pages[i].path) == 0)
			return pages[i].answer(h, c);
	}
	return answer_text(c, MHD_HTTP_NOT_FOUND, "there are /metrics and /healthz");
}

/* --- connections ---------------------------------------------------------------------------- */

static void on_connection(void *owner, struct MHD_Connection *c, void **visit_of,
		enum MHD_ConnectionNotificationCode what)
{
	struct http_api *h = owner;
	struct visit *visit = *visit_of;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		visit->fd = -1;
		h->open--;
		return;
	}
	for (visit = h->visits; visit->fd >= 0; visit++)
		continue; /* there is a free one: libmicrohttpd knows the same limit */
	visit->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	visit->deadline = instant_after(h->reactor->now, seconds(HTTP_SECONDS));
	h->open++;
	*visit_of = visit;
}

/* libmicrohttpd notices, and closes. */
static void end_overdue(struct http_api *h)
{
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
		struct visit *visit = &h->visits[i];

		if (visit->fd >= 0 && instant_reached(visit->deadline, h->reactor->now))
			shutdown(visit->fd, SHUT_RDWR);
	}
}

/* Let libmicrohttpd work, and plan when it has to again if its sockets stay silent. */
static void run(struct http_api *h)
{
	unsigned MHD_LONG_LONG milliseconds_left;
	double wait = 1; /* for end_overdue() */

	end_overdue(h);
	MHD_run(h->daemon);
	ev_timer_stop(h->reactor->loop, &h->timer);
	if (h->open == 0)
		return;
	if (MHD_get_timeout(h->daemon, &milliseconds_left) == MHD_YES && milliseconds_left < 1000)
		wait = (double)milliseconds_left / 1000;
	ev_timer_set(&h->timer, wait, 0.);
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
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getpeername(fd, (struct sockaddr *)&address, &len) < 0) {
		close(fd);
		return;
	}
	MHD_add_connection(h->daemon, fd, (struct sockaddr *)&address, len);
	run(h);
}

/* A path is one of ours or it is not: what is written with % is not, %00 least of all. */
static size_t leave_escaped(void *owner, struct MHD_Connection *c, char *text)
{
	(void)owner;
	(void)c;
	return strlen(text);
}

/* --- life ----------------------------------------------------------------------------------- */

struct http_api *http_api_create(struct reactor *r, struct sys *sys)
{
	struct http_api *h = xcalloc(1, sizeof(*h));

	h->reactor = r;
	h->sys = sys;
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
		h->visits[i].fd = -1;
	ev_timer_init(&h->timer, on_timer, 0., 0.);
	h->timer.data = h;
	h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
			on_request, h, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS,
			MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_SECONDS,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
			MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK,
			leave_escaped, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
			MHD_OPTION_END);
	if (h->daemon == NULL) {
		log_error("http_api: libmicrohttpd does not start");
		free(h);
		return NULL;
	}
	ev_io_init(&h->watcher, on_ready,
			MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
			EV_READ);
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
	MHD_stop_daemon(h->daemon);
	free(h);
}
