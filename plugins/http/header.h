/* SPDX-License-Identifier: MIT */
/*
 * The headers of a request: those that follow from the settings, and those that an operator adds.
 */
#ifndef PLUGINS_HTTP_HEADER_H
#define PLUGINS_HTTP_HEADER_H

#include <curl/curl.h>

#include "plugins/http/config.h"

/* For curl_slist_free_all(); the token, if there is one, is in it. */
struct curl_slist *http_headers_make(
		const struct http_config *config, const char *content_type, bool is_gzip);

/* Is the text a header line that an operator may add: "Name: value", and none of ours? */
bool http_header_valid(const char *text, char problem[RELAY_REASON]);

#endif
