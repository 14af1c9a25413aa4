/* SPDX-License-Identifier: MIT */
#include "plugins/http/client_error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base.h"

/* What libcurl says stands between `before` and `after`; not at all when `after` is NULL. */
static const struct {
	CURLcode result;
	const char *in_words; /* only if they hold this; NULL: always */
	const char *before, *after;
} explanations[] = {
	{ CURLE_ABORTED_BY_CALLBACK, NULL, "the output ends", NULL },
	{ CURLE_COULDNT_RESOLVE_HOST, NULL, "", "; mend url, or the name service" },
	{ CURLE_COULDNT_CONNECT, NULL, "it cannot be connected to: ", "" },
	{ CURLE_GOT_NOTHING, NULL, "the connection broke before the answer: ", "" },
	{ CURLE_RECV_ERROR, NULL, "the connection broke before the answer: ", "" },
	{ CURLE_SEND_ERROR, NULL, "the connection broke while sending: ", "" },
	{ CURLE_PARTIAL_FILE, NULL, "the connection broke within the answer: ", "" },
	{ CURLE_PEER_FAILED_VERIFICATION, "subject name",
			"the server's certificate is for another name: ",
			"; mend url, or set tls_insecure" },
	{ CURLE_PEER_FAILED_VERIFICATION, "expired", "the server's certificate has expired: ", "" },
	{ CURLE_PEER_FAILED_VERIFICATION, NULL, "the server's certificate is not trusted: ",
			"; set cafile to the certificate of who has signed it" },
	{ CURLE_SSL_CERTPROBLEM, NULL, "certfile or keyfile cannot be used: ", "" },
	{ CURLE_SSL_CACERT_BADFILE, NULL, "cafile or capath cannot be used: ", "" },
	{ CURLE_SSL_CRL_BADFILE, NULL, "crlfile cannot be used: ", "" },
	{ CURLE_SSL_CONNECT_ERROR, NULL, "TLS failed: ", "; is it https that url leads to?" },
	{ CURLE_UNSUPPORTED_PROTOCOL, NULL, "what answers does not speak HTTP: ", "" },
};

void client_error_explain(CURLcode result, const char *words, const struct http_config *config,
		char why[RELAY_REASON])
{
	if (words[0] == '\0')
		words = curl_easy_strerror(result);
	if (result == CURLE_OPERATION_TIMEDOUT) {
		snprintf(why, RELAY_REASON, "no answer within %" PRIu64 " s (timeout)",
				config->timeout);
		return;
	}
	for (size_t i = 0; i < array_size(explanations); i++) {
		if (explanations[i].result != result ||
				(explanations[i].in_words != NULL &&
						strstr(words, explanations[i].in_words) == NULL))
			continue;
		if (explanations[i].after == NULL)
			words = "";
		snprintf(why, RELAY_REASON, "%s%.150s%s", explanations[i].before, words,
				explanations[i].after != NULL ? explanations[i].after : "");
		return;
	}
	snprintf(why, RELAY_REASON, "%.200s", words);
}
