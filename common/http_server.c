/* SPDX-License-Identifier: MIT */
#include "common/http_server.h"

#include <microhttpd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"

enum { REQUEST_BYTES = 8192 }; /* of one connection: request line, headers, answer's headers */

/* A connection of libmicrohttpd's, as far as its end is ours to decide. */
struct visit {
	int fd; /* borrowed; -1: free */
	struct instant deadline;
};

struct http_server {
	struct http_site site;
	struct MHD_Daemon *daemon;
	struct instant now; /* of the call we are in */
	struct visit visits[HTTP_CONNECTIONS];
	size_t open;
};

/* --- answers -------------------------------------------------------------------------------- */

static enum MHD_Result answer(struct MHD_Connection *c, struct http_reply *reply)
{
	size_t len = reply->body.len;
	struct MHD_Response *response = MHD_create_response_from_buffer(
			len, str_take(&reply->body), MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", reply->type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Content-Security-Policy", "default-src 'none'");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Connection", "close");
	if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	result = MHD_queue_response(c, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	struct http_reply reply = { .status = status, .type = HTTP_TYPE_TEXT };

	str_printf(&reply.body, "%s\n", text);
	return answer(c, &reply);
}

static enum MHD_Result answer_index(const struct http_site *site, struct MHD_Connection *c)
{
	struct http_reply reply = { .status = MHD_HTTP_OK, .type = "text/html; charset=utf-8" };

	str_printf(&reply.body,
			"<!DOCTYPE html>\n<html lang=\"en\"><title>%s</title>\n"
			"<h1>%s " BELFRY_VERSION "</h1>\n<ul>\n",
			site->name, site->name);
	for (size_t i = 0; i < site->page_count; i++)
		str_printf(&reply.body, "<li><a href=\"%s\">%s</a>: %s\n", site->pages[i].path,
				site->pages[i].path, site->pages[i].about);
	str_append_text(&reply.body, "</ul>\n</html>\n");
	return answer(c, &reply);
}

static enum MHD_Result answer_page(
		const struct http_site *site, struct MHD_Connection *c, const char *path)
{
	struct http_reply reply = { .status = MHD_HTTP_OK, .type = HTTP_TYPE_TEXT };

	if (strcmp(path, "/") == 0)
		return answer_index(site, c);
	for (size_t i = 0; i < site->page_count; i++) {
		if (strcmp(path, site->pages[i].path) != 0)
			continue;
		site->pages[i].fill(site->owner, &reply);
		return answer(c, &reply);
	}
	return answer_text(c, MHD_HTTP_NOT_FOUND, "there is no such page; / lists what there is");
}

/* "name", "name:port", "[v6]", "[v6]:port" without the port and the brackets. */
static struct span without_port(struct span host)
{
	if (host.len > 0 && host.data[0] == '[')
		return span_first(span_from(host, 1), span_find(span_from(host, 1), ']'));
	return span_first(host, span_find(host, ':'));
}

/* A browser always sends Host; who sends none is none. */
static bool host_is_ours(const struct http_site *site, struct MHD_Connection *c)
{
	const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");

	return site->host_is_ours == NULL || host == NULL ||
	       site->host_is_ours(site->owner, without_port(span_of_text(host)));
}

/* Called when the headers are there. A body is not waited for: the answer comes first. */
static enum MHD_Result on_request(void *owner, struct MHD_Connection *c, const char *path,
		const char *method, const char *version, const char *body, size_t *body_len,
		void **request)
{
	struct http_server *h = owner;

	(void)version;
	(void)body;
	(void)body_len;
	(void)request;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are served");
	if (!host_is_ours(&h->site, c))
		return answer_text(c, MHD_HTTP_MISDIRECTED_REQUEST,
				"this is not asked under that name; take the address, or allow the "
				"name: http_host NAME");
	return answer_page(&h->site, c, path);
}

/* --- connections ---------------------------------------------------------------------------- */

static void on_connection(void *owner, struct MHD_Connection *c, void **visit_of,
		enum MHD_ConnectionNotificationCode what)
{
	struct http_server *h = owner;
	struct visit *visit = *visit_of;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		visit->fd = -1;
		h->open--;
		return;
	}
	for (visit = h->visits; visit->fd >= 0; visit++)
		continue; /* there is a free one: libmicrohttpd knows the same limit */
	visit->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	visit->deadline = instant_after(h->now, seconds(HTTP_SECONDS));
	h->open++;
	*visit_of = visit;
}

/* libmicrohttpd notices, and closes. */
static void end_overdue(struct http_server *h)
{
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++) {
		struct visit *visit = &h->visits[i];

		if (visit->fd >= 0 && instant_reached(visit->deadline, h->now))
			shutdown(visit->fd, SHUT_RDWR);
	}
}

struct instant http_server_run(struct http_server *h, struct instant now)
{
	unsigned MHD_LONG_LONG left;
	struct duration wait = seconds(1); /* for end_overdue() */

	h->now = now;
	end_overdue(h);
	MHD_run(h->daemon);
	if (h->open == 0)
		return INSTANT_NEVER;
	if (MHD_get_timeout(h->daemon, &left) == MHD_YES && left < 1000)
		wait = milliseconds((int64_t)left);
	return instant_after(now, wait);
}

void http_server_admit(struct http_server *h, int fd, struct instant now)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	h->now = now;
	if (getpeername(fd, (struct sockaddr *)&address, &len) < 0) {
		close(fd);
		return;
	}
	MHD_add_connection(h->daemon, fd, (struct sockaddr *)&address, len);
}

int http_server_fd(const struct http_server *h)
{
	return MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

/* A path is one of ours or it is not: what is written with % is not, %00 least of all. */
static size_t leave_escaped(void *owner, struct MHD_Connection *c, char *text)
{
	(void)owner;
	(void)c;
	return strlen(text);
}

/* --- life ----------------------------------------------------------------------------------- */

struct http_server *http_server_create(const struct http_site *site)
{
	struct http_server *h = xcalloc(1, sizeof(*h));

	h->site = *site;
	for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
		h->visits[i].fd = -1;
	h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
			on_request, h, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS,
			MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_SECONDS,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
			MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK,
			leave_escaped, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
			MHD_OPTION_END);
	if (h->daemon != NULL)
		return h;
	free(h);
	return NULL;
}

void http_server_destroy(struct http_server *h)
{
	if (h == NULL)
		return;
	MHD_stop_daemon(h->daemon);
	free(h);
}
