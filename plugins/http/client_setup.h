/* SPDX-License-Identifier: MIT */
/*
 * The settings as options of libcurl.
 */
#ifndef PLUGINS_HTTP_CLIENT_SETUP_H
#define PLUGINS_HTTP_CLIENT_SETUP_H

#include <curl/curl.h>

#include "plugins/http/config.h"

/*
 * The url with the format's own path where it has none; for curl_free(). NULL when it is no url, or
 * not one for here; then the problem is a sentence, unless that is NULL.
 */
char *client_setup_url(const struct http_config *config, char problem[RELAY_REASON]);

/* All that stays the same from request to request. False when libcurl refuses some of it. */
bool client_setup(CURL *easy, const char *url, const struct http_config *config,
		const struct relay_tls *tls);

/* For curl_slist_free_all(). */
struct curl_slist *client_setup_headers(
		const struct http_config *config, const char *content_type, bool is_gzip);

/* Is the text a header line that an operator may add: "Name: value", and none of ours? */
bool client_setup_header_valid(const char *text, char problem[RELAY_REASON]);

#endif
