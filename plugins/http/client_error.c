/* SPDX-License-Identifier: MIT */
#include "plugins/http/client_error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base.h"

/* What libcurl says stands between `before` and `after`; not at all when `after` is NULL. */
static const struct {
	CURLcode result;      /* CURLE_OK: any */
	const char *in_words; /* only if they hold this; NULL: always */
	const char *before, *after;
} explanations[] = {
	{ CURLE_ABORTED_BY_CALLBACK, NULL, "the output ends", NULL },
	{ CURLE_COULDNT_RESOLVE_HOST, NULL, "", "; mend url, or the name service" },
	{ CURLE_COULDNT_CONNECT, NULL, "it cannot be connected to: ", "" },
	{ CURLE_OK, "alert protocol version", "the server does not speak such a TLS: ",
			"; it needs a newer one, or tls_version is to be older" },
	{ CURLE_OK, " alert ", "the server does not let us in: ",
			"; set certfile and keyfile to what it trusts" },
	{ CURLE_GOT_NOTHING, NULL, "the connection broke before the answer: ", "" },
	{ CURLE_RECV_ERROR, NULL, "the connection broke before the answer: ", "" },
	{ CURLE_SEND_ERROR, NULL, "the connection broke while sending: ", "" },
	{ CURLE_PARTIAL_FILE, NULL, "the connection broke within the answer: ", "" },
	{ CURLE_PEER_FAILED_VERIFICATION, "subject name",
			"the server's certificate is for another name: ",
			"; mend url, or set tls_insecure" },
	{ CURLE_PEER_FAILED_VERIFICATION, "CRL has expired",
			"the list in crlfile is out of date: ", "; get a new one" },
	{ CURLE_PEER_FAILED_VERIFICATION, "expired",
			"the server's certificate has expired: ", "; renew it there" },
	{ CURLE_PEER_FAILED_VERIFICATION, "revoked",
			"crlfile has the server's certificate: ", "; it needs a new one" },
	{ CURLE_PEER_FAILED_VERIFICATION, "certificate CRL",
			"crlfile has no list of who has signed the server's certificate: ",
			"; add it" },
	{ CURLE_PEER_FAILED_VERIFICATION, NULL, "the server's certificate is not trusted: ",
			"; set cafile to the certificate of who has signed it" },
	{ CURLE_SSL_CERTPROBLEM, NULL, "certfile or keyfile cannot be used: ", "" },
	{ CURLE_SSL_CACERT_BADFILE, NULL, "cafile or capath cannot be used: ", "" },
	{ CURLE_SSL_CRL_BADFILE, NULL, "crlfile cannot be used: ", "" },
	{ CURLE_SSL_CONNECT_ERROR, NULL, "TLS failed: ", "; is it https that url leads to?" },
	{ CURLE_UNSUPPORTED_PROTOCOL, NULL, "what answers does not speak HTTP: ", "" },
};

static bool applies(size_t i, CURLcode result, const char *words)
{
	return (explanations[i].result == result || explanations[i].result == CURLE_OK) &&
	       (explanations[i].in_words == NULL ||
			       strstr(words, explanations[i].in_words) != NULL);
}

/*
 * In TLS 1.3 whoever wants a certificate of ours says so after the handshake, and hangs up; whether
 * libcurl hears that or only that the connection is gone is a matter of luck.
 */
static bool perhaps_wants_certificate(
		CURLcode result, const struct http_config *config, const char *certfile)
{
	return (result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR ||
			       result == CURLE_GOT_NOTHING) &&
	       certfile == NULL && strncasecmp(config->url, "https", 5) == 0;
}

/* " after 12 ms" is another number in every attempt, and would make the same trouble news again. */
static void leave_out_duration(const char *words, char into[CURL_ERROR_SIZE])
{
	const char *at = strstr(words, " after ");
	size_t before = at != NULL ? (size_t)(at - words) : strlen(words);
	const char *rest = "";

	if (at != NULL) {
		rest = at + strlen(" after ");
		rest += strspn(rest, "0123456789");
		rest = strncmp(rest, " ms", 3) == 0 ? rest + 3 : at;
	}
	snprintf(into, CURL_ERROR_SIZE, "%.*s%s", (int)before, words, rest);
}

void client_error_explain(CURLcode result, const char *said, const struct http_config *config,
		const char *certfile, char why[RELAY_REASON])
{
	char words[CURL_ERROR_SIZE];
	const char *after;

	leave_out_duration(said[0] != '\0' ? said : curl_easy_strerror(result), words);
	if (result == CURLE_OPERATION_TIMEDOUT) {
		snprintf(why, RELAY_REASON, "no answer within %" PRIu64 " s (timeout)",
				config->timeout);
		return;
	}
	for (size_t i = 0; i < array_size(explanations); i++) {
		if (!applies(i, result, words))
			continue;
		after = explanations[i].after;
		if (after != NULL && after[0] == '\0' &&
				perhaps_wants_certificate(result, config, certfile))
			after = "; if the server asks for certificates, set certfile and keyfile";
		snprintf(why, RELAY_REASON, "%s%.130s%s", explanations[i].before,
				after != NULL ? words : "", after != NULL ? after : "");
		return;
	}
	snprintf(why, RELAY_REASON, "%.200s", words);
}
