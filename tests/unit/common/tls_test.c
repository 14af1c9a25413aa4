/* SPDX-License-Identifier: MIT */
#include "common/tls.h"

#include <openssl/err.h>

#include "tests/unit/common/tls_rig.h"

/* --- handshakes ----------------------------------------------------------------------------- */

struct ends {
	struct tls_context *server_context, *client_context;
	SSL *server, *client;
	struct tls_peer server_peer, client_peer;
	bool is_done;
	struct str reason; /* why the server did not want it */
};

/*
 * Have two contexts shake hands in memory; `newest`, unless 0, is the newest version that the
 * client knows. Takes both references.
 */
static struct ends *shake_as(struct tls_context *server, struct tls_context *client, int newest)
{
	struct ends *e = xcalloc(1, sizeof(*e));
	BIO *a, *b;

	assert_non_null(server);
	assert_non_null(client);
	e->server_context = server;
	e->client_context = client;
	e->server = tls_open(server, &e->server_peer);
	e->client = tls_open(client, &e->client_peer);
	assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_max_proto_version(e->client, newest);
	SSL_set_bio(e->server, a, a);
	SSL_set_bio(e->client, b, b);
	for (int i = 0; i < 10 && !e->is_done; i++) {
		int there = SSL_do_handshake(e->client), here;

		ERR_clear_error();
		here = SSL_do_handshake(e->server);
		if (SSL_get_error(e->server, here) == SSL_ERROR_SSL && e->reason.len == 0)
			tls_append_reason(&e->reason, e->server);
		e->is_done = there == 1 && here == 1;
	}
	return e;
}

static struct ends *shake(struct tls_context *server, struct tls_context *client)
{
	return shake_as(server, client, 0);
}

static void ends_free(struct ends *e)
{
	str_finish(&e->reason);
	SSL_free(e->server);
	SSL_free(e->client);
	tls_peer_finish(&e->server_peer);
	tls_peer_finish(&e->client_peer);
	tls_context_unref(e->server_context);
	tls_context_unref(e->client_context);
	free(e);
}

/* Does a client with that certificate get in? *ret_reason, unless NULL: what the server says. */
static bool gets_in(const struct tls_settings *server, const char *name, struct str *ret_reason)
{
	struct setup client = setup_of(name);
	struct ends *e = shake(server_of(server), client_of(&client.s));
	bool ok = e->is_done;

	if (ret_reason != NULL) {
		str_clear(ret_reason);
		str_append(ret_reason, str_span(&e->reason));
	}
	ends_free(e);
	setup_finish(&client);
	return ok;
}

static void client_verifies_chain_and_name(void **unused)
{
	struct setup server = setup_of("server"), client = setup_of(NULL);
	struct ends *e;

	(void)unused;
	client.s.host = "localhost";
	e = shake(server_of(&server.s), client_of(&client.s));
	assert_true(e->is_done);
	assert_string_equal(SSL_get_version(e->server), "TLSv1.3");
	ends_free(e);
	client.s.host = "127.0.0.1";
	e = shake(server_of(&server.s), client_of(&client.s));
	assert_true(e->is_done);
	ends_free(e);
	client.s.host = "elsewhere";
	e = shake(server_of(&server.s), client_of(&client.s));
	assert_false(e->is_done);
	ends_free(e);
	client.s.insecure = true;
	e = shake(server_of(&server.s), client_of(&client.s));
	assert_true(e->is_done);
	ends_free(e);
	client.s.cafile = server.certfile; /* some other authority */
	e = shake(server_of(&server.s), client_of(&client.s));
	assert_false(e->is_done);
	ends_free(e);
	setup_finish(&client);
	setup_finish(&server);
}

static void required_certificate_has_to_be_there_and_valid(void **unused)
{
	struct setup server = setup_of("server");
	struct str reason = { 0 };

	(void)unused;
	assert_true(gets_in(&server.s, NULL, NULL));
	server.s.require_certificate = true;
	assert_true(gets_in(&server.s, "alice", NULL));
	gets_in(&server.s, NULL, &reason);
	assert_string_equal(str_text(&reason), "peer did not return a certificate");
	pki_issue_to(&pki, "expired", pki_name(NULL, "expired", -1), -10, -1);
	assert_false(gets_in(&server.s, "expired", &reason));
	assert_mentions(&reason, "certificate has expired");
	server.s.disable_client_cert_date_checks = true;
	assert_true(gets_in(&server.s, "expired", NULL));
	str_finish(&reason);
	setup_finish(&server);
}

static void revoked_certificate_is_refused(void **unused)
{
	struct setup server = setup_of("server");

	(void)unused;
	pki_issue(&pki, "mallory");
	pki_revoke(&pki, "revoked.crl", pki.serial, 10);
	server.crlfile = path("revoked.crl");
	server.s.require_certificate = true;
	assert_true(gets_in(&server.s, "mallory", NULL));
	server.s.crlfile = server.crlfile;
	assert_false(gets_in(&server.s, "mallory", NULL));
	assert_true(gets_in(&server.s, "alice", NULL));
	setup_finish(&server);
}

static void established_client_is_checked_against_a_newer_context(void **unused)
{
	struct setup server = setup_of("server"), client = setup_of("mallory");
	struct tls_context *now;
	struct ends *e;

	(void)unused;
	pki_issue(&pki, "mallory");
	pki_revoke(&pki, "later.crl", pki.serial, 10);
	server.crlfile = path("later.crl");
	server.s.require_certificate = true;
	e = shake(server_of(&server.s), client_of(&client.s));
	assert_true(e->is_done);
	assert_true(tls_peer_still_valid(e->server_context, e->server, &e->server_peer));
	server.s.crlfile = server.crlfile;
	now = server_of(&server.s);
	assert_false(tls_peer_still_valid(now, e->server, &e->server_peer));
	tls_context_unref(now);
	server.s.crlfile = NULL;
	server.s.cafile = server.certfile; /* its authority is not trusted any more */
	now = server_of(&server.s);
	assert_false(tls_peer_still_valid(now, e->server, &e->server_peer));
	tls_context_unref(now);
	ends_free(e);
	setup_finish(&client);
	setup_finish(&server);
}

static void oldest_version_is_kept_to(void **unused)
{
	struct setup server = setup_of("server"), client = setup_of(NULL);
	struct ends *e;

	(void)unused;
	server.s.tls_version = "tlsv1.3";
	e = shake_as(server_of(&server.s), client_of(&client.s), TLS1_2_VERSION);
	assert_false(e->is_done);
	ends_free(e);
	server.s.tls_version = NULL;
	e = shake_as(server_of(&server.s), client_of(&client.s), TLS1_2_VERSION);
	assert_true(e->is_done);
	assert_string_equal(SSL_get_version(e->server), "TLSv1.2");
	ends_free(e);
	setup_finish(&client);
	setup_finish(&server);
}

/* --- names ---------------------------------------------------------------------------------- */

/* The name of a client with that certificate; false when it has none. */
static bool name_of(const char *certificate, enum tls_name kind, struct str *ret)
{
	struct setup server = setup_of("server"), client = setup_of(certificate);
	struct ends *e;
	bool ok;

	server.s.require_certificate = true;
	e = shake(server_of(&server.s), client_of(&client.s));
	assert_true(e->is_done);
	str_clear(ret);
	ok = tls_peer_name(e->server, &e->server_peer, kind, ret);
	ends_free(e);
	setup_finish(&client);
	setup_finish(&server);
	return ok;
}

static void certificate_names_its_owner(void **unused)
{
	struct str name = { 0 };

	(void)unused;
	assert_true(name_of("alice", TLS_NAME_COMMON, &name));
	assert_string_equal(str_text(&name), "alice");
	assert_true(name_of("alice", TLS_NAME_SUBJECT, &name));
	assert_string_equal(str_text(&name), "CN=alice,O=test"); /* as Mosquitto prints it */
	pki_issue_to(&pki, "umlaut", pki_name(NULL, "J\xc3\xb6rg", -1), -1, 10);
	assert_true(name_of("umlaut", TLS_NAME_COMMON, &name));
	assert_string_equal(str_text(&name), "J\xc3\xb6rg");
	str_finish(&name);
}

static void name_that_is_none_is_no_name(void **unused)
{
	struct str name = { 0 };

	(void)unused;
	pki_issue_to(&pki, "nameless", pki_name("test", NULL, 0), -1, 10);
	assert_false(name_of("nameless", TLS_NAME_COMMON, &name));
	assert_true(name_of("nameless", TLS_NAME_SUBJECT, &name));
	pki_issue_to(&pki, "nul", pki_name(NULL, "admin\0evil", 10), -1, 10);
	assert_false(name_of("nul", TLS_NAME_COMMON, &name));
	pki_issue_to(&pki, "control", pki_name(NULL, "a\nb", 3), -1, 10);
	assert_false(name_of("control", TLS_NAME_COMMON, &name));
	str_finish(&name);
}

/* --- pre-shared keys ------------------------------------------------------------------------ */

static unsigned released;

static size_t find_key(void *owner, struct span identity, uint8_t key[TLS_MAX_KEY])
{
	if (!span_equal_text(identity, owner))
		return 0;
	memcpy(key, "0123456789abcdef", 16);
	return 16;
}

static void count_release(void *owner)
{
	(void)owner;
	released++;
}

static struct ends *shake_keys(int newest, const char *identity, const char *key)
{
	char known[] = "pump-7";
	struct tls_settings server = { .psk_hint = "hint",
		.keys = { known, find_key, count_release } };
	struct tls_settings client = { .psk_identity = identity, .psk = span_of_text(key) };
	struct str name = { 0 };
	struct ends *e = shake_as(server_of(&server), client_of(&client), newest);

	if (e->is_done) {
		assert_int_equal(SSL_version(e->server), newest);
		assert_true(tls_peer_name(e->server, &e->server_peer, TLS_NAME_COMMON, &name));
		assert_string_equal(str_text(&name), identity);
		assert_true(tls_peer_still_valid(e->server_context, e->server, &e->server_peer));
	}
	str_finish(&name);
	return e;
}

static void shared_key_lets_in_under_its_identity(void **unused)
{
	static const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION };

	(void)unused;
	released = 0;
	for (size_t i = 0; i < array_size(versions); i++) {
		struct ends *e = shake_keys(versions[i], "pump-7", "0123456789abcdef");

		assert_true(e->is_done);
		ends_free(e);
		e = shake_keys(versions[i], "pump-7", "0123456789abcdeX");
		assert_false(e->is_done);
		ends_free(e);
		e = shake_keys(versions[i], "pump-8", "0123456789abcdef");
		assert_false(e->is_done);
		ends_free(e);
	}
	assert_int_equal(released, 6);
}

static void identity_that_was_taken_away_is_not_valid_any_more(void **unused)
{
	char other[] = "another";
	struct tls_settings later = { .psk_hint = "hint", .keys = { other, find_key, NULL } };
	struct ends *e = shake_keys(TLS1_3_VERSION, "pump-7", "0123456789abcdef");
	struct tls_context *now = server_of(&later);

	(void)unused;
	assert_true(e->is_done);
	assert_false(tls_peer_still_valid(now, e->server, &e->server_peer));
	tls_context_unref(now);
	ends_free(e);
}

static size_t find_other_key(void *owner, struct span identity, uint8_t key[TLS_MAX_KEY])
{
	size_t len = find_key(owner, identity, key);

	key[0] = 'X';
	return len;
}

static void who_has_the_key_of_yesterday_is_not_valid_any_more(void **unused)
{
	char known[] = "pump-7";
	struct tls_settings same = { .psk_hint = "hint", .keys = { known, find_key, NULL } };
	struct tls_settings later = { .psk_hint = "hint", .keys = { known, find_other_key, NULL } };

	(void)unused;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct ends *e = shake_keys(version, "pump-7", "0123456789abcdef");
		struct tls_context *now = server_of(&later), *before = server_of(&same);

		assert_true(e->is_done);
		assert_true(tls_peer_still_valid(before, e->server, &e->server_peer));
		assert_false(tls_peer_still_valid(now, e->server, &e->server_peer));
		tls_context_unref(before);
		tls_context_unref(now);
		ends_free(e);
	}
}

/* OpenSSL looks the key up, finds that it does not go with the cipher, and takes certificates. */
static void identity_that_is_only_named_proves_nothing(void **unused)
{
	char known[] = "pump-7";
	struct setup server = setup_of("server"), client = setup_of("alice");
	struct str name = { 0 };
	struct ends *e;

	(void)unused;
	server.s.psk_hint = "hint";
	server.s.keys = (struct tls_keys){ known, find_key, NULL };
	client.s.psk_identity = "pump-7";
	client.s.psk = BYTES("a key that is wrong");
	client.s.ciphers_tls13 = "TLS_AES_256_GCM_SHA384";
	for (int i = 0; i < 2; i++) {
		server.s.require_certificate = i == 1;
		e = shake(server_of(&server.s), client_of(&client.s));
		assert_true(e->is_done);
		assert_int_equal(tls_peer_name(e->server, &e->server_peer, TLS_NAME_COMMON, &name),
				server.s.require_certificate);
		assert_string_equal(str_text(&name), i == 0 ? "" : "alice");
		ends_free(e);
	}
	str_finish(&name);
	setup_finish(&client);
	setup_finish(&server);
}

static void client_with_a_key_believes_no_certificate(void **unused)
{
	struct setup server = setup_of("server");
	struct tls_settings client = { .psk_identity = "pump-7", .psk = BYTES("0123456789abcdef") };
	struct ends *e = shake(server_of(&server.s), client_of(&client));

	(void)unused;
	assert_false(e->is_done);
	ends_free(e);
	client.psk.len = 0;
	assert_null(client_of(&client));
	assert_mentions(&error, "psk: is not a key");
	setup_finish(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_verifies_chain_and_name),
		cmocka_unit_test(required_certificate_has_to_be_there_and_valid),
		cmocka_unit_test(revoked_certificate_is_refused),
		cmocka_unit_test(established_client_is_checked_against_a_newer_context),
		cmocka_unit_test(oldest_version_is_kept_to),
		cmocka_unit_test(certificate_names_its_owner),
		cmocka_unit_test(name_that_is_none_is_no_name),
		cmocka_unit_test(shared_key_lets_in_under_its_identity),
		cmocka_unit_test(identity_that_was_taken_away_is_not_valid_any_more),
		cmocka_unit_test(who_has_the_key_of_yesterday_is_not_valid_any_more),
		cmocka_unit_test(identity_that_is_only_named_proves_nothing),
		cmocka_unit_test(client_with_a_key_believes_no_certificate),
	};

	return cmocka_run_group_tests(tests, open_pki, close_pki);
}
