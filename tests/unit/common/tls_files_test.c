/* SPDX-License-Identifier: MIT */
#include "tests/unit/common/tls_rig.h"

static void what_cannot_be_loaded_is_named_with_the_remedy(void **unused)
{
	struct setup u = setup_of("server");
	struct tls_settings s = u.s;

	(void)unused;
	s.certfile = "/nowhere/x.crt";
	assert_refused(&s, NULL, "certfile /nowhere/x.crt: cannot be read: No such file");
	s.certfile = u.s.keyfile;
	assert_refused(&s, "server.key", "there is no certificate in it");
	s = u.s;
	s.keyfile = u.s.certfile;
	assert_refused(&s, "server.crt", "there is no private key in it");
	s.keyfile = pki.folder;
	assert_refused(&s, NULL, "cannot be read: Is a directory");
	s.keyfile = NULL;
	assert_refused(&s, "server.crt", "needs the keyfile");
	s = u.s;
	s.certfile = NULL;
	assert_refused(&s, "server.key", "needs the certfile");
	s.keyfile = NULL;
	assert_refused(&s, NULL, "needs a certfile and a keyfile, or a psk_hint");
	setup_finish(&u);
}

static void key_of_another_certificate_is_refused(void **unused)
{
	struct setup u = setup_of("server"), other = setup_of("alice");

	(void)unused;
	u.s.keyfile = other.keyfile;
	assert_refused(&u.s, "alice.key", "does not belong to the certificate in certfile");
	assert_mentions(&error, u.certfile);
	setup_finish(&other);
	setup_finish(&u);
}

static void encrypted_key_is_refused_with_the_remedy(void **unused)
{
	struct setup u = setup_of("server");
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *f = pki_create(&pki, "encrypted.key", "");

	(void)unused;
	PEM_write_PKCS8PrivateKey(f, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
	fclose(f);
	EVP_PKEY_free(key);
	u.other = path("encrypted.key");
	u.s.keyfile = u.other;
	assert_refused(&u.s, "encrypted.key", "openssl pkey -in");
	setup_finish(&u);
}

static void key_that_others_can_read_is_warned_of(void **unused)
{
	struct setup u = setup_of("open");

	(void)unused;
	pki_issue_to(&pki, "open", pki_name("test", "open", -1), -1, 60);
	tls_context_unref(server_of(&u.s));
	assert_int_equal(warning.len, 0);
	assert_int_equal(chmod(u.keyfile, 0660), 0);
	tls_context_unref(server_of(&u.s));
	assert_int_equal(warning.len, 0);
	assert_int_equal(chmod(u.keyfile, 0604), 0);
	tls_context_unref(server_of(&u.s));
	assert_mentions(&warning, "chmod o= ");
	assert_mentions(&warning, u.keyfile);
	setup_finish(&u);
}

static void certificate_that_expires_within_a_month_is_warned_of(void **unused)
{
	static const struct {
		const char *name;
		int days;
		const char *said;
	} cases[] = { { "old", -1, "the certificate has expired on 20" },
		{ "soon", 1, "the certificate expires on 20" },
		{ "month", 29, "the certificate expires on 20" }, { "fresh", 31, NULL } };

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct setup u;

		pki_issue_to(&pki, cases[i].name, pki_name("test", "x", -1), -2, cases[i].days);
		u = setup_of(cases[i].name);
		tls_context_unref(server_of(&u.s));
		if (cases[i].said != NULL) {
			assert_mentions(&warning, cases[i].said);
			assert_mentions(&warning, u.certfile);
		} else {
			assert_int_equal(warning.len, 0);
		}
		setup_finish(&u);
	}
}

static void empty_ca_file_is_an_error_and_not_trust(void **unused)
{
	struct setup u = setup_of("server");

	(void)unused;
	pki_write(&pki, "empty.crt", "");
	u.other = path("empty.crt");
	u.s.cafile = u.other;
	assert_refused(&u.s, "empty.crt", "there is no certificate in it");
	assert_null(client_of(&u.s));
	u.s.require_certificate = true;
	assert_refused(&u.s, "empty.crt", "there is no certificate in it");
	pki_write(&pki, "empty.crt",
			"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	assert_refused(&u.s, "empty.crt", "a certificate in it cannot be read");
	setup_finish(&u);
}

static void folder_of_cas_has_to_hold_some(void **unused)
{
	struct setup u = setup_of("server");

	(void)unused;
	u.other = path("cas");
	assert_int_equal(mkdir(u.other, 0700), 0);
	u.s.cafile = NULL;
	u.s.capath = u.other;
	assert_refused(&u.s, "cas", "openssl rehash");
	u.s.capath = "/nowhere";
	assert_refused(&u.s, NULL, "capath /nowhere: cannot be read");
	setup_finish(&u);
}

static void certificates_cannot_be_asked_for_without_a_ca(void **unused)
{
	struct setup u = setup_of("server");

	(void)unused;
	u.s.cafile = NULL;
	u.s.require_certificate = true;
	assert_refused(&u.s, NULL, "require_certificate: needs a cafile");
	setup_finish(&u);
}

static void revocation_list_has_to_be_one(void **unused)
{
	struct setup u = setup_of("server");

	(void)unused;
	u.s.crlfile = u.certfile;
	assert_refused(&u.s, "server.crt", "no certificate revocation list");
	u.s.crlfile = "/nowhere";
	assert_refused(&u.s, NULL, "crlfile /nowhere: cannot be read");
	pki_revoke(&pki, "old.crl", 0, -1);
	u.crlfile = path("old.crl");
	u.s.crlfile = u.crlfile;
	tls_context_unref(server_of(&u.s));
	assert_mentions(&warning, "out of date");
	setup_finish(&u);
}

static void versions_and_ciphers_that_do_not_exist_are_refused(void **unused)
{
	struct setup u = setup_of("server");
	struct tls_settings s = u.s;

	(void)unused;
	s.tls_version = "tlsv1.1";
	assert_refused(&s, NULL, "tls_version tlsv1.1: take tlsv1.2 or tlsv1.3");
	s = u.s;
	s.ciphers = "ROT13";
	assert_refused(&s, NULL, "ciphers ROT13");
	s = u.s;
	s.ciphers_tls13 = "TLS_ROT13";
	assert_refused(&s, NULL, "ciphers_tls1.3 TLS_ROT13");
	s = u.s;
	s.dhparamfile = u.certfile;
	assert_refused(&s, "server.crt", "no Diffie-Hellman parameters");
	s = u.s;
	s.psk_hint = "hint";
	assert_refused(&s, NULL, "needs a psk_file");
	setup_finish(&u);
}

static void client_without_cas_is_refused(void **unused)
{
	struct tls_settings s = { .prefix = "bridge_", .host = "localhost" };

	(void)unused;
	assert_null(client_of(&s));
	assert_mentions(&error, "verify the server");
	s.certfile = "/nowhere";
	assert_null(client_of(&s));
	assert_mentions(&error, "bridge_certfile /nowhere: needs the keyfile");
	s.certfile = NULL;
	s.use_os_certs = true;
	tls_context_unref(client_of(&s));
	assert_int_equal(error.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_loaded_is_named_with_the_remedy),
		cmocka_unit_test(key_of_another_certificate_is_refused),
		cmocka_unit_test(encrypted_key_is_refused_with_the_remedy),
		cmocka_unit_test(key_that_others_can_read_is_warned_of),
		cmocka_unit_test(certificate_that_expires_within_a_month_is_warned_of),
		cmocka_unit_test(empty_ca_file_is_an_error_and_not_trust),
		cmocka_unit_test(folder_of_cas_has_to_hold_some),
		cmocka_unit_test(certificates_cannot_be_asked_for_without_a_ca),
		cmocka_unit_test(revocation_list_has_to_be_one),
		cmocka_unit_test(versions_and_ciphers_that_do_not_exist_are_refused),
		cmocka_unit_test(client_without_cas_is_refused),
	};

	return cmocka_run_group_tests(tests, open_pki, close_pki);
}
