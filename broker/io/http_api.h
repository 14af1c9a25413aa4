/* SPDX-License-Identifier: MIT */
/*
 * What a listener of `protocol http_api` serves: /metrics for Prometheus, /healthz, and a small
 * page at / that leads there. To be read only: GET and HEAD.
 *
 * libmicrohttpd parses and answers, and brings no thread: its sockets hang on an epoll of its
 * own, that epoll on the reactor's loop. So a request is answered between two turns of the loop,
 * from the shard itself, without a lock or a copy. It costs what its text costs, because figures
 * are taken once a second at most (sys.h), connections are few, and none lasts longer than
 * HTTP_SECONDS: who trickles in a request does not keep others out for ever. Every answer closes
 * its connection.
 *
 * Nothing of a request is looked at but method and path, and nothing of it is echoed. There is no
 * TLS and no password on it: bind it to an address that only the monitoring reaches.
 *
 * Built without libmicrohttpd, http_api_absent.c stands in, and such a listener is refused.
 */
#ifndef BROKER_IO_HTTP_API_H
#define BROKER_IO_HTTP_API_H

#include "broker/io/sys.h"

enum { HTTP_CONNECTIONS = 16, HTTP_SECONDS = 10 };

struct http_api;

/* Was it built in? */
bool http_api_is_available(void);

/* Both are borrowed and outlive it. NULL when there is no memory or descriptor for it: logged. */
struct http_api *http_api_create(struct reactor *r, struct sys *sys);

/* Closes its connections. Accepts NULL. */
void http_api_destroy(struct http_api *h);

/* Takes the socket `fd`; closed at once when HTTP_CONNECTIONS are open. */
void http_api_admit(struct http_api *h, int fd);

#endif
