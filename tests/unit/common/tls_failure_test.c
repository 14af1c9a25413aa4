/* SPDX-License-Identifier: MIT */
#include "common/tls_failure.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "tests/unit/common/tls_rig.h"

static const struct tls_failure_words plain = {
	.peer = "the broker",
	.host = "b.example",
	.trusted = "cafile",
	.certfile = "certfile",
	.keyfile = "keyfile",
};

static void assert_explained(
		const struct tls_failure *f, const struct tls_failure_words *w, const char *what)
{
	struct str text = { 0 };

	tls_failure_explain(f, w, &text);
	assert_mentions(&text, what);
	str_finish(&text);
}

static void each_verdict_has_its_sentence(void **unused)
{
	static const struct {
		int verdict, depth;
		const char *what;
	} cases[] = {
		{ X509_V_ERR_CERT_HAS_EXPIRED, 0, "the broker's certificate has expired; renew" },
		{ X509_V_ERR_CERT_HAS_EXPIRED, 1,
				"authority that signed the broker's has expired" },
		{ X509_V_ERR_CERT_NOT_YET_VALID, 0, "clocks" },
		{ X509_V_ERR_HOSTNAME_MISMATCH, 0, "does not name b.example" },
		{ X509_V_ERR_IP_ADDRESS_MISMATCH, 0, "does not name b.example" },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0, "right one in cafile" },
		{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, 1, "right one in cafile" },
		{ X509_V_ERR_CERT_REVOKED, 0, "revoked" },
		{ X509_V_ERR_UNABLE_TO_GET_CRL, 0, "add that list" },
		{ X509_V_ERR_CRL_HAS_EXPIRED, 0, "out of date" },
		{ X509_V_ERR_INVALID_PURPOSE, 0, "extendedKeyUsage" },
		{ X509_V_ERR_EE_KEY_TOO_SMALL, 0, "is not good: EE certificate key too weak" },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct tls_failure f = { .verdict = cases[i].verdict, .depth = cases[i].depth };

		assert_true(tls_failure_known(&f));
		assert_explained(&f, &plain, cases[i].what);
	}
}

static unsigned long ssl_error(int reason)
{
	return ERR_PACK(ERR_LIB_SSL, 0, reason);
}

static void each_error_has_its_sentence(void **unused)
{
	struct tls_failure_words keyed = plain, certified = plain, other = plain;
	struct tls_failure f = { .error = ssl_error(SSL_R_WRONG_VERSION_NUMBER) };

	(void)unused;
	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, NULL); /* as with any context */
	keyed.psk_file = "psk_file";
	certified.has_certificate = true;
	other.plain = "mqtt://";
	other.tls_version = "tlsv1.3";
	assert_explained(&f, &plain, "speaks no TLS on this port; take the port where it does");
	assert_explained(&f, &other, "where it does, or mqtt:// where nobody can listen in");
	f.error = ssl_error(SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
	assert_explained(&f, &plain, "no version of TLS from 1.2 on");
	assert_explained(&f, &other, "it needs a newer TLS, or we tls_version tlsv1.2");
	f.error = ssl_error(SSL_R_UNEXPECTED_EOF_WHILE_READING);
	assert_explained(&f, &plain, "hung up");
	f.error = ssl_error(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
	assert_explained(&f, &plain, "give certfile and keyfile");
	assert_explained(&f, &certified, "does not accept our certificate");
	assert_explained(&f, &keyed, "look at psk_file");
	assert_false(tls_failure_refuses_us(&f));
	f.error = ssl_error(SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED);
	assert_true(tls_failure_refuses_us(&f));
	f.error = ssl_error(SSL_R_NO_CIPHERS_AVAILABLE);
	assert_explained(&f, &plain, "TLS failed: no ciphers available");
	f.error = ERR_PACK(ERR_LIB_SYS, 0, 104);
	assert_explained(&f, &plain, "TLS failed: ");
	f.error = ERR_PACK(ERR_LIB_SYS, 0, SSL_R_TLSV1_ALERT_UNKNOWN_CA);
	assert_false(tls_failure_refuses_us(&f));
}

static void a_code_is_found_in_a_text(void **unused)
{
	struct tls_failure f = { 0 };

	(void)unused;
	assert_false(tls_failure_add(&f, span_of_text("Error: something else")));
	assert_false(tls_failure_add(&f, span_of_text("error:")));
	assert_false(tls_failure_add(&f, span_of_text("error:zz")));
	assert_false(tls_failure_known(&f));
	assert_true(tls_failure_add(&f, span_of_text("OpenSSL Error[0]: error:0A000086:SSL "
						     "routines::certificate")));
	assert_int_equal(ERR_GET_REASON(f.error), SSL_R_CERTIFICATE_VERIFY_FAILED);
	assert_true(tls_failure_add(&f, span_of_text("error:0A00010B:SSL")));
	assert_int_equal(ERR_GET_REASON(f.error), SSL_R_CERTIFICATE_VERIFY_FAILED);
}

/* Both ends in memory: the client reads what the server says, until one gives up. */
static void shake_hands(struct tls_context *client, struct tls_context *server)
{
	struct tls_peer near = { 0 }, far = { 0 };
	SSL *c = tls_open(client, &near), *s = tls_open(server, &far);
	BIO *one, *other;

	BIO_new_bio_pair(&one, 0, &other, 0);
	SSL_set_bio(c, one, one);
	SSL_set_bio(s, other, other);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(c);
		SSL_do_handshake(s);
	}
	SSL_free(c);
	SSL_free(s);
	tls_peer_finish(&near);
	tls_peer_finish(&far);
	ERR_clear_error();
}

static void the_verdict_on_a_certificate_is_noted(void **unused)
{
	struct setup u = setup_of("server"), v = setup_of(NULL);
	struct tls_context *server = server_of(&u.s), *client;
	struct tls_failure f = { 0 };

	(void)unused;
	v.s.host = "elsewhere.example";
	client = client_of(&v.s);
	tls_failure_watch(client, &f);
	shake_hands(client, server);
	assert_int_equal(f.verdict, X509_V_ERR_HOSTNAME_MISMATCH);
	f = (struct tls_failure){ 0 };
	tls_failure_watch(client, NULL);
	shake_hands(client, server);
	assert_int_equal(f.verdict, 0);
	tls_context_unref(client);
	tls_context_unref(server);
	setup_finish(&u);
	setup_finish(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verdict_has_its_sentence),
		cmocka_unit_test(each_error_has_its_sentence),
		cmocka_unit_test(a_code_is_found_in_a_text),
		cmocka_unit_test(the_verdict_on_a_certificate_is_noted),
	};

	return cmocka_run_group_tests(tests, open_pki, close_pki);
}
