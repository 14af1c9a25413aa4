/* SPDX-License-Identifier: MIT */
#include "plugins/http/client_setup.h"

#include <stdio.h>
#include <strings.h>

#include "common/mem.h"
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

char *client_setup_url(const struct http_config *config, char problem[RELAY_REASON])
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

/* libcurl adds the system's authorities to what is given; for us what is given is all. */
static bool set_authorities(CURL *easy, const struct relay_tls *tls)
{
	if (tls->cafile == NULL && tls->capath == NULL)
		return true;
	return curl_easy_setopt(easy, CURLOPT_CAINFO, tls->cafile) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CAPATH, tls->capath) == CURLE_OK;
}

static bool set_tls(CURL *easy, const struct relay_tls *tls)
{
	const bool is_13 = tls->tls_version != NULL && strcmp(tls->tls_version, "tlsv1.3") == 0;
	bool ok = set_authorities(easy, tls);

#if LIBCURL_VERSION_NUM >= 0x075700
	/* Without it a new cafile is not looked at for a day. */
	ok = ok && curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L) == CURLE_OK;
#endif
	return ok && curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->certfile) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->keyfile) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CRLFILE, tls->crlfile) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			       is_13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2) ==
			       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->insecure ? 0L : 2L) == CURLE_OK;
}

static bool set_credentials(CURL *easy, const struct http_config *config)
{
	if (config->user == NULL)
		return true;
	return curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USERNAME, config->user) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PASSWORD, config->password) == CURLE_OK;
}

bool client_setup(CURL *easy, const char *url, const struct http_config *config,
		const struct relay_tls *tls)
{
	const long timeout_ms = (long)config->timeout * 1000;

#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that does not answer must not hold up the end. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	/* NOSIGNAL: this is one thread of many; the host ignores SIGPIPE. */
	return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USERAGENT, "belfry/" BELFRY_VERSION) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
	       set_credentials(easy, config) && (tls == NULL || set_tls(easy, tls));
}

static struct curl_slist *add_token(struct curl_slist *list, const struct http_config *config)
{
	static const char *const words[] = {
		[HTTP_BEARER] = "Bearer", [HTTP_TOKEN] = "Token", [HTTP_APIKEY] = "ApiKey"
	};
	struct str line = { 0 };

	str_printf(&line, "Authorization: %s %s", words[config->auth], config->token);
	list = curl_slist_append(list, line.text);
	wipe(line.text, line.len);
	str_finish(&line);
	return list;
}

struct curl_slist *client_setup_headers(
		const struct http_config *config, const char *content_type, bool is_gzip)
{
	struct str type = { 0 };
	/* "Expect: 100-continue" would cost a second where a server does not know it. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	str_printf(&type, "Content-Type: %s", content_type);
	list = curl_slist_append(list, type.text);
	str_finish(&type);
	if (is_gzip)
		list = curl_slist_append(list, "Content-Encoding: gzip");
	if (config->token != NULL)
		list = add_token(list, config);
	for (size_t i = 0; i < config->headers.count; i++)
		list = curl_slist_append(list, config->headers.texts[i]);
	return list;
}

static bool is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f ||
				strchr("()<>@,;:\\\"/[]?={}", name.data[i]) != NULL)
			return false;
	return name.len > 0;
}

static bool is_text(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((value.data[i] < ' ' && value.data[i] != '\t') || value.data[i] == 0x7f)
			return false;
	return value.len > 0;
}

bool client_setup_header_valid(const char *text, char problem[RELAY_REASON])
{
	static const struct {
		const char *name, *remedy;
	} ours[] = {
		{ "authorization", "; take user and password_file, or token_file" },
		{ "content-type", ", which follows from format and body" },
		{ "content-encoding", "; take compression" },
		{ "content-length", "" },
		{ "transfer-encoding", "" },
		{ "connection", "" },
		{ "expect", "" },
	};
	struct span value = span_of_text(text), name = span_cut(&value, ':');

	value = value.data != NULL ? span_trim(value) : value;
	if (!is_name(name) || !is_text(value)) {
		snprintf(problem, RELAY_REASON, "header %.100s: it should be NAME: VALUE", text);
		return false;
	}
	for (size_t i = 0; i < array_size(ours); i++)
		if (span_equal_nocase(name, span_of_text(ours[i].name))) {
			snprintf(problem, RELAY_REASON, "header %.*s is set by the plugin itself%s",
					SPAN_ARGS(name), ours[i].remedy);
			return false;
		}
	return true;
}
