/* SPDX-License-Identifier: MIT */
/*
 * One connection to an HTTP server, kept between requests, by libcurl. Of one thread.
 *
 * Redirects are not followed and proxies of the environment are not asked: records and credentials
 * go to the url and nowhere else. Whatever happens ends with the timeout, and at once when the
 * output is to end.
 */
#ifndef PLUGINS_HTTP_CLIENT_H
#define PLUGINS_HTTP_CLIENT_H

#include "plugins/http/config.h"
#include "plugins/http/request.h"

struct http_client;

/* NULL when libcurl cannot be set up. Borrows both until it is destroyed. */
struct http_client *http_client_create(
		const struct relay_host *host, const struct http_config *config);
void http_client_destroy(struct http_client *client); /* accepts NULL */

/*
 * POST the body and wait for the answer, which is the client's until its next request. False, and
 * why, when there was none: whether the request arrived is not known then.
 */
bool http_client_post(struct http_client *client, struct span body, const char *content_type,
		struct http_answer *ret, char why[RELAY_REASON]);

#endif
