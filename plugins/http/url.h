/* SPDX-License-Identifier: MIT */
/*
 * Where requests go: the setting `url`, with the path of the format where it has none.
 */
#ifndef PLUGINS_HTTP_URL_H
#define PLUGINS_HTTP_URL_H

#include "plugins/http/config.h"

/*
 * For curl_free(). NULL when `url` is none, or not one for here; then the problem is a sentence,
 * unless that is NULL. Any thread.
 */
char *http_url_make(const struct http_config *config, char problem[RELAY_REASON]);

#endif
