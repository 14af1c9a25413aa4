/* SPDX-License-Identifier: MIT */
/*
 * What the gateway serves with http_listen: /metrics, /healthz and /readyz, on a thread of its own
 * that sleeps while nobody asks.
 *
 * Built without libmicrohttpd, http_absent.c stands in, and http_listen is refused.
 */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include "gateway/rules/config.h"

struct http;
struct status;

struct http_env {
	const struct config *config;
	/* Fill in the status of this moment; status_finish() follows. From the thread of this. */
	void (*take)(void *owner, struct status *ret);
	void *owner;
};

/* Was it built in? */
bool http_is_available(void);

/* Listen and serve. NULL after a problem that was logged. */
struct http *http_start(const struct http_env *env);

/* Accepts NULL. */
void http_stop(struct http *h);

#endif
