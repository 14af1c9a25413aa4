/* SPDX-License-Identifier: MIT */
#include "plugins/http/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <strings.h>

#include "plugins/http/format.h"

/* Put the format's path where there is none. */
static bool complete(CURLU *url, const struct http_format *format)
{
	char *path = NULL, *query = NULL;
	const char *own = format->path != NULL ? format->path : "/";
	const char *own_query = strchr(own, '?');
	size_t own_len = own_query != NULL ? (size_t)(own_query - own) : strlen(own);
	char name[64];
	bool ok = curl_url_get(url, CURLUPART_PATH, &path, 0) == CURLUE_OK;

	curl_url_get(url, CURLUPART_QUERY, &query, 0);
	if (ok && strcmp(path, "/") == 0 && query == NULL) {
		snprintf(name, sizeof(name), "%.*s", (int)own_len, own);
		ok = curl_url_set(url, CURLUPART_PATH, name, 0) == CURLUE_OK;
		if (ok && own_query != NULL)
			ok = curl_url_set(url, CURLUPART_QUERY, own_query + 1, 0) == CURLUE_OK;
	}
	curl_free(path);
	curl_free(query);
	return ok;
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

/* What is wrong with it; NULL: nothing. */
static const char *fault_of(CURLU *url, const char *text)
{
	if (strncasecmp(text, "http://", 7) != 0 && strncasecmp(text, "https://", 8) != 0)
		return "url begins with http:// or https://";
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
		return "url is none; it should be http://HOST[:PORT]/PATH or https://...";
	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		return "url must not hold a user or a password, which would show up in logs; take "
		       "user and password_file";
	if (has_part(url, CURLUPART_FRAGMENT))
		return "url has a part behind #, which is never sent";
	return NULL;
}

char *http_url_make(const struct http_config *config, char problem[RELAY_REASON])
{
	CURLU *url = curl_url();
	const char *fault = url != NULL ? fault_of(url, config->url) : "libcurl does not work";
	char *whole = NULL;

	if (fault == NULL &&
			(!complete(url, http_format_of(config)) ||
					curl_url_get(url, CURLUPART_URL, &whole, 0) != CURLUE_OK))
		fault = "url cannot be used";
	curl_url_cleanup(url);
	if (fault != NULL && problem != NULL)
		snprintf(problem, RELAY_REASON, "%s", fault);
	return whole;
}
