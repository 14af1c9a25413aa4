/* SPDX-License-Identifier: MIT */
/*
 * What a listener of `protocol http_api` serves: /metrics for Prometheus, /healthz, and a small
 * page at / that leads there: a server of common/http_server.h on the reactor's loop. So a request
 * is answered between two turns of the loop, from the shard itself, without a lock or a copy. It
 * costs what its text costs, because figures are taken once a second at most (sys.h).
 *
 * Built without libmicrohttpd, http_api_absent.c stands in, and such a listener is refused.
 */
#ifndef BROKER_IO_HTTP_API_H
#define BROKER_IO_HTTP_API_H

#include "broker/io/sys.h"

struct http_api;

/* Was it built in? */
bool http_api_is_available(void);

/* Both are borrowed and outlive it. NULL when there is no memory or descriptor for it: logged. */
struct http_api *http_api_create(struct reactor *r, struct sys *sys);

/* Closes its connections. Accepts NULL. */
void http_api_destroy(struct http_api *h);

/* Takes the socket `fd`; closed at once when there are too many. */
void http_api_admit(struct http_api *h, int fd);

#endif
