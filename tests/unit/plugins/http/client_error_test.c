/* SPDX-License-Identifier: MIT */
#include "plugins/http/client_error.h"

#include "tests/unit/unit.h"

static const struct http_config secure = { .url = "https://a/", .timeout = 7 };
static const struct http_config plain = { .url = "http://a/", .timeout = 7 };

static const char *explained(CURLcode result, const char *words, const struct http_config *config,
		const char *certfile)
{
	static char why[RELAY_REASON];

	client_error_explain(result, words, config, certfile, why);
	return why;
}

static void what_is_wrong_with_tls_has_its_remedy(void **state)
{
	static const struct {
		CURLcode result;
		const char *words, *remedy;
	} cases[] = {
		{ CURLE_PEER_FAILED_VERIFICATION, "SSL: no alternative certificate subject name",
				"mend url, or set tls_insecure" },
		{ CURLE_PEER_FAILED_VERIFICATION, "problem: certificate has expired", "renew it" },
		{ CURLE_PEER_FAILED_VERIFICATION, "problem: CRL has expired", "crlfile is out" },
		{ CURLE_PEER_FAILED_VERIFICATION, "problem: certificate revoked", "crlfile has" },
		{ CURLE_PEER_FAILED_VERIFICATION, "problem: unable to get certificate CRL",
				"crlfile has no list" },
		{ CURLE_PEER_FAILED_VERIFICATION, "problem: self-signed", "set cafile" },
		{ CURLE_SSL_CONNECT_ERROR, "tlsv1 alert protocol version", "tls_version" },
		{ CURLE_SSL_CONNECT_ERROR, "sslv3 alert handshake failure", "set certfile" },
		{ CURLE_RECV_ERROR, "tlsv13 alert certificate required", "set certfile" },
		{ CURLE_SSL_CONNECT_ERROR, "wrong version number", "is it https" },
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_non_null(strstr(explained(cases[i].result, cases[i].words, &secure, NULL),
				cases[i].remedy));
}

static void a_broken_connection_may_be_about_certificates(void **state)
{
	(void)state;
	assert_non_null(strstr(explained(CURLE_SEND_ERROR, "Broken pipe", &secure, NULL),
			"while sending: Broken pipe; if the server asks for certificates, set "
			"certfile"));
	assert_string_equal(explained(CURLE_SEND_ERROR, "Broken pipe", &secure, "mine.crt"),
			"the connection broke while sending: Broken pipe");
	assert_string_equal(explained(CURLE_SEND_ERROR, "Broken pipe", &plain, NULL),
			"the connection broke while sending: Broken pipe");
}

static void the_same_trouble_is_the_same_sentence(void **state)
{
	(void)state;
	assert_string_equal(explained(CURLE_COULDNT_CONNECT,
					    "Failed to connect to a port 1 after 12 ms: Couldn't "
					    "connect to server",
					    &plain, NULL),
			"it cannot be connected to: Failed to connect to a port 1: Couldn't "
			"connect "
			"to server");
	assert_string_equal(explained(CURLE_COULDNT_CONNECT, "closed after 3 tries", &plain, NULL),
			"it cannot be connected to: closed after 3 tries");
	assert_string_equal(explained(CURLE_COULDNT_CONNECT, "gone after ", &plain, NULL),
			"it cannot be connected to: gone after ");
}

static void long_words_leave_room_for_the_remedy(void **state)
{
	char words[CURL_ERROR_SIZE];

	(void)state;
	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	assert_non_null(strstr(explained(CURLE_RECV_ERROR, words, &secure, NULL), "and keyfile"));
	assert_non_null(strstr(explained(CURLE_PEER_FAILED_VERIFICATION, words, &secure, NULL),
			"who has signed it"));
	assert_non_null(strstr(explained(CURLE_OPERATION_TIMEDOUT, words, &secure, NULL), "7 s"));
	assert_non_null(strstr(explained(CURLE_ABORTED_BY_CALLBACK, words, &secure, NULL), "ends"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_with_tls_has_its_remedy),
		cmocka_unit_test(a_broken_connection_may_be_about_certificates),
		cmocka_unit_test(the_same_trouble_is_the_same_sentence),
		cmocka_unit_test(long_words_leave_room_for_the_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
