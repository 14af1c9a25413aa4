/* SPDX-License-Identifier: MIT */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "common/mem.h"
#include "common/tls_context.h"
#include "common/utf8.h"

void tls_peer_finish(struct tls_peer *peer)
{
	free(peer->psk_identity);
	peer->psk_identity = NULL;
}

/*
 * Whose key the other end has proved to hold, or NULL. TLS 1.3 asks for the key of an identity
 * that is offered before it knows whether it comes to be used: it may yet take a certificate.
 */
static const char *proved_identity(const struct ssl_st *ssl, const struct tls_peer *peer)
{
	bool is_proved = SSL_version(ssl) >= TLS1_3_VERSION ? SSL_session_reused(ssl)
							    : SSL_get_psk_identity(ssl) != NULL;

	return is_proved ? peer->psk_identity : NULL;
}

static bool append_common_name(const X509 *certificate, struct str *name)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;
	int len = -1;

	if (at >= 0)
		len = ASN1_STRING_to_UTF8(
				&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (len >= 0)
		str_append(name, span_of(text, (size_t)len));
	OPENSSL_free(text);
	return len >= 0;
}

bool tls_append_subject(const X509 *certificate, struct str *name)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *data = NULL;
	long len;

	X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
	len = BIO_get_mem_data(text, &data);
	str_append(name, span_of(data, (size_t)len));
	BIO_free(text);
	return len > 0;
}

bool tls_peer_name(const struct ssl_st *ssl, const struct tls_peer *peer, enum tls_name kind,
		struct str *name)
{
	const X509 *certificate = SSL_get0_peer_certificate(ssl);
	const char *identity = proved_identity(ssl, peer);
	bool ok = false;

	if (identity != NULL) {
		str_append_text(name, identity);
		ok = true;
	} else if (certificate != NULL && kind == TLS_NAME_COMMON) {
		ok = append_common_name(certificate, name);
	} else if (certificate != NULL && kind == TLS_NAME_SUBJECT) {
		ok = tls_append_subject(certificate, name);
	}
	ERR_clear_error();
	return ok && name->len > 0 && utf8_valid_mqtt(str_span(name));
}

static bool is_certificate_valid(const struct tls_context *context, const struct ssl_st *ssl)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	bool ok = certificate != NULL && store != NULL &&
		  X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(context->ctx), certificate,
				  SSL_get_peer_cert_chain(ssl)) == 1;

	if (ok) {
		X509_STORE_CTX_set_default(store, "ssl_client");
		if (context->verify != NULL)
			X509_STORE_CTX_set_verify_cb(store, context->verify);
		ok = X509_verify_cert(store) == 1;
	}
	X509_STORE_CTX_free(store);
	ERR_clear_error();
	return ok;
}

void tls_digest_key(const uint8_t *key, size_t len, uint8_t ret[TLS_KEY_DIGEST])
{
	if (EVP_Digest(key, len, ret, NULL, EVP_sha256(), NULL) != 1)
		abort(); /* as out of memory */
}

/* Does the identity have the same key still? */
static bool is_key_valid(
		const struct tls_keys *keys, const char *identity, const struct tls_peer *peer)
{
	uint8_t key[TLS_MAX_KEY], digest[TLS_KEY_DIGEST];
	size_t len = 0;

	if (keys->find != NULL)
		len = keys->find(keys->owner, span_of_text(identity), key);
	if (len == 0)
		return false;
	tls_digest_key(key, len, digest);
	wipe(key, sizeof(key));
	return CRYPTO_memcmp(digest, peer->key_digest, sizeof(digest)) == 0;
}

bool tls_peer_still_valid(const struct tls_context *context, const struct ssl_st *ssl,
		const struct tls_peer *peer)
{
	const char *identity = proved_identity(ssl, peer);

	if (identity != NULL)
		return is_key_valid(&context->keys, identity, peer);
	return !context->asks_certificate || is_certificate_valid(context, ssl);
}

void tls_append_reason(struct str *text, const struct ssl_st *ssl)
{
	unsigned long error = ERR_get_error();
	const char *reason = ERR_reason_error_string(error);
	long verdict = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (error == 0)
		str_append_text(text, "unknown reason");
	else if (ERR_SYSTEM_ERROR(error))
		str_append_text(text, strerror(ERR_GET_REASON(error)));
	else if (reason != NULL)
		str_append_text(text, reason);
	else
		str_printf(text, "OpenSSL error %08lx", error);
	if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK)
		str_printf(text, ": %s", X509_verify_cert_error_string(verdict));
	ERR_clear_error();
}
