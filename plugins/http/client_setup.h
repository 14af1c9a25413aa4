/* SPDX-License-Identifier: MIT */
/*
 * The settings as options of libcurl.
 */
#ifndef PLUGINS_HTTP_CLIENT_SETUP_H
#define PLUGINS_HTTP_CLIENT_SETUP_H

#include <curl/curl.h>

#include "plugins/http/config.h"

/* All that stays the same from request to request. False when libcurl refuses some of it. */
bool client_setup(CURL *easy, const char *url, const struct http_config *config,
		const struct relay_tls *tls);

#endif
