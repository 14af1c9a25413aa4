/* SPDX-License-Identifier: MIT */
#include "plugins/http/client_setup.h"

#include <string.h>

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
