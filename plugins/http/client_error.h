/* SPDX-License-Identifier: MIT */
/*
 * Why there was no answer, as a sentence with a remedy.
 */
#ifndef PLUGINS_HTTP_CLIENT_ERROR_H
#define PLUGINS_HTTP_CLIENT_ERROR_H

#include <curl/curl.h>

#include "plugins/http/config.h"

/*
 * `said` is what libcurl says; empty: what it always says of such a result. `certfile` is our own
 * certificate or NULL.
 */
void client_error_explain(CURLcode result, const char *said, const struct http_config *config,
		const char *certfile, char why[RELAY_REASON]);

#endif
