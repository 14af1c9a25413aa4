/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP server for what a daemon says about itself: a table of pages, to be read only (GET
 * and HEAD), and a list of them at /.
 *
 * libmicrohttpd parses and answers, and brings no thread: its sockets hang on an epoll of its own.
 * The owner waits for http_server_fd(), calls http_server_run() when it is readable or when it was
 * asked to, and hands over accepted sockets. One thread, the owner's, to which the pages belong as
 * well. Connections are few, and none lasts longer than HTTP_SECONDS: who trickles in a request
 * does not keep others out for ever. Every answer closes its connection.
 *
 * Nothing of a request is looked at but method, path and, for a site that asks for that, Host;
 * nothing of it is echoed. There is no TLS and no password on it: bind it to an address that only
 * the monitoring reaches.
 *
 * Built without libmicrohttpd there is none of this.
 */
#ifndef COMMON_HTTP_SERVER_H
#define COMMON_HTTP_SERVER_H

#include "common/clock.h"
#include "common/str.h"

enum { HTTP_CONNECTIONS = 16, HTTP_SECONDS = 10 };

#define HTTP_TYPE_TEXT	  "text/plain; charset=utf-8"
#define HTTP_TYPE_JSON	  "application/json"
#define HTTP_TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct http_reply {
	unsigned status;  /* 200 unless the page says otherwise */
	const char *type; /* HTTP_TYPE_TEXT unless the page says otherwise */
	struct str body;
};

struct http_page {
	const char *path;
	const char *about; /* for the list at / */
	void (*fill)(void *owner, struct http_reply *reply);
};

/* All borrowed for the life of the server. */
struct http_site {
	const char *name; /* of the program */
	const struct http_page *pages;
	size_t page_count;
	/*
	 * May the site be asked under this value of Host (without the port)? NULL: under any. It
	 * keeps out web pages of strangers, which reach us by a name of their own that they let
	 * point to our address.
	 */
	bool (*host_is_ours)(void *owner, struct span host);
	void *owner;
};

struct http_server;

/* NULL when libmicrohttpd does not start. */
struct http_server *http_server_create(const struct http_site *site);

/* Closes its connections. Accepts NULL. */
void http_server_destroy(struct http_server *h);

/* Readable when there is something to do. */
int http_server_fd(const struct http_server *h);

/* Takes the socket `fd`; closed at once when HTTP_CONNECTIONS are open. http_server_run() is due.
 */
void http_server_admit(struct http_server *h, int fd, struct instant now);

/*
 * Do what there is to do. Returns when to be called again if the descriptor stays silent;
 * INSTANT_NEVER: not at all.
 */
struct instant http_server_run(struct http_server *h, struct instant now);

#endif
