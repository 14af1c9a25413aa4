/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/mem.h"
#include "common/tls_context.h"
#include "common/tls_files.h"

static const char session_context[] = "belfry";

/* Mosquitto's list. */
#define DEFAULT_CIPHERS "DEFAULT:!aNULL:!eNULL:!LOW:!EXPORT"

/*
 * OpenSSL's, with AES-128 in front: pre-shared keys go with SHA-256 in TLS 1.3, and it is the
 * cheapest on both ends.
 */
#define DEFAULT_CIPHERS_TLS13                                                                      \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/* --- pre-shared keys ------------------------------------------------------------------------ */

/* OpenSSL calls it in TLS 1.3 as well, once for each identity that the client offers. */
static unsigned find_key(SSL *ssl, const char *identity, unsigned char *key, unsigned size)
{
	struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct tls_peer *peer = SSL_get_app_data(ssl);
	uint8_t found[TLS_MAX_KEY];
	size_t len = 0;

	if (identity != NULL)
		len = context->keys.find(context->keys.owner, span_of_text(identity), found);
	if (len == 0 || len > size)
		return 0;
	memcpy(key, found, len);
	tls_peer_finish(peer);
	peer->psk_identity = xstrdup(identity);
	tls_digest_key(found, len, peer->key_digest);
	wipe(found, sizeof(found));
	return (unsigned)len;
}

static unsigned give_key(SSL *ssl, const char *hint, char *identity, unsigned identity_size,
		unsigned char *key, unsigned key_size)
{
	struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	size_t len = strlen(context->psk_identity);

	(void)hint;
	if (len >= identity_size || context->psk_len > key_size)
		return 0;
	memcpy(identity, context->psk_identity, len + 1);
	memcpy(key, context->psk, context->psk_len);
	return (unsigned)context->psk_len;
}

static bool take_server_keys(struct tls_loader *l)
{
	const struct tls_settings *s = l->settings;

	if (s->psk_hint == NULL)
		return true;
	if (s->keys.find == NULL)
		return tls_fail(l, "psk_hint", s->psk_hint, "needs a psk_file with the keys");
	if (SSL_CTX_use_psk_identity_hint(l->ctx, s->psk_hint) != 1)
		return tls_fail(l, "psk_hint", s->psk_hint, "is too long");
	SSL_CTX_set_psk_server_callback(l->ctx, find_key);
	return true;
}

static bool take_client_key(struct tls_loader *l, struct tls_context *context)
{
	const struct tls_settings *s = l->settings;

	if (s->psk_identity == NULL)
		return true;
	if (s->psk.len == 0 || s->psk.len > TLS_MAX_KEY)
		return tls_fail(l, "psk", NULL, "is not a key of 1 to %d bytes", TLS_MAX_KEY);
	memcpy(context->psk, s->psk.data, s->psk.len);
	context->psk_len = s->psk.len;
	context->psk_identity = xstrdup(s->psk_identity);
	SSL_CTX_set_psk_client_callback(l->ctx, give_key);
	return true;
}

/* --- what both ends have in common ---------------------------------------------------------- */

static bool set_version(struct tls_loader *l)
{
	const char *version = l->settings->tls_version;
	int oldest = TLS1_2_VERSION;

	if (version != NULL && strcmp(version, "tlsv1.3") == 0)
		oldest = TLS1_3_VERSION;
	else if (version != NULL && strcmp(version, "tlsv1.2") != 0)
		return tls_fail(l, "tls_version", version,
				"take tlsv1.2 or tlsv1.3; older ones are not secure any more");
	SSL_CTX_set_min_proto_version(l->ctx, oldest);
	return true;
}

static bool set_ciphers(struct tls_loader *l)
{
	const char *list = l->settings->ciphers;
	const char *suites = l->settings->ciphers_tls13;

	if (SSL_CTX_set_cipher_list(l->ctx, list != NULL ? list : DEFAULT_CIPHERS) != 1)
		return tls_fail(l, "ciphers", list,
				"there is no such cipher; see: openssl ciphers -v");
	if (SSL_CTX_set_ciphersuites(l->ctx, suites != NULL ? suites : DEFAULT_CIPHERS_TLS13) != 1)
		return tls_fail(l, "ciphers_tls1.3", suites,
				"there is no such cipher; see: openssl ciphers -v -tls1_3 -s");
	return true;
}

static void set_modes(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
						 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}

static struct tls_context *context_create(const SSL_METHOD *method)
{
	struct tls_context *context = xcalloc(1, sizeof(*context));

	context->refs = 1;
	context->ctx = SSL_CTX_new(method);
	if (context->ctx == NULL)
		abort(); /* memory alone can be missing */
	SSL_CTX_set_app_data(context->ctx, context);
	set_modes(context->ctx);
	return context;
}

bool tls_context_is_server(const struct tls_context *context)
{
	return context->is_server;
}

SSL_CTX *tls_context_native(struct tls_context *context)
{
	return context->ctx;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
	context->refs++;
	return context;
}

void tls_context_unref(struct tls_context *context)
{
	if (context == NULL || --context->refs > 0)
		return;
	SSL_CTX_free(context->ctx);
	if (context->keys.release != NULL)
		context->keys.release(context->keys.owner);
	free(context->host);
	free(context->psk_identity);
	wipe(context->psk, sizeof(context->psk));
	free(context);
}

static struct tls_context *finished(struct tls_context *context, bool ok)
{
	ERR_clear_error();
	if (ok)
		return context;
	tls_context_unref(context);
	return NULL;
}

/* --- server --------------------------------------------------------------------------------- */

/* disable_client_cert_date_checks: of certificates, not of revocation lists */
static int forgive_dates(int ok, X509_STORE_CTX *store)
{
	int error = X509_STORE_CTX_get_error(store);

	if (!ok && (error == X509_V_ERR_CERT_NOT_YET_VALID ||
				   error == X509_V_ERR_CERT_HAS_EXPIRED)) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	return ok;
}

static bool set_client_verification(struct tls_loader *l, struct tls_context *context)
{
	const struct tls_settings *s = l->settings;

	if (s->disable_client_cert_date_checks)
		context->verify = forgive_dates;
	if (!s->require_certificate) {
		SSL_CTX_set_verify(l->ctx, SSL_VERIFY_NONE, NULL);
		return true;
	}
	if (s->cafile == NULL && s->capath == NULL)
		return tls_fail(l, "require_certificate", NULL,
				"needs a cafile or capath with the CAs that clients are trusted "
				"by");
	context->asks_certificate = true;
	SSL_CTX_set_verify(
			l->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, context->verify);
	return true;
}

/* Resumed connections have nothing verified: only where there is nothing to verify. */
static void set_tickets(struct tls_context *context, const struct tls_settings *settings)
{
	SSL_CTX_set_session_id_context(context->ctx, (const unsigned char *)session_context,
			sizeof(session_context) - 1);
	SSL_CTX_set_num_tickets(context->ctx, 1);
	if (context->asks_certificate || settings->psk_hint != NULL) {
		SSL_CTX_set_num_tickets(context->ctx, 0);
		SSL_CTX_set_options(context->ctx, SSL_OP_NO_TICKET);
	}
}

struct tls_context *tls_server_create(
		const struct tls_settings *settings, struct str *error, struct str *warning)
{
	struct tls_context *context = context_create(TLS_server_method());
	struct tls_loader l = { context->ctx, settings, error, warning };
	bool ok = true;

	context->is_server = true;
	context->keys = settings->keys;
	if (settings->certfile == NULL && settings->keyfile == NULL && settings->psk_hint == NULL)
		ok = tls_fail(&l, "TLS", NULL,
				"needs a certfile and a keyfile, or a psk_hint and a psk_file");
	ok = ok && set_version(&l) && set_ciphers(&l) && tls_load_certificate(&l, true) &&
	     tls_load_cas(&l, settings->require_certificate) &&
	     set_client_verification(&l, context) && tls_load_crl(&l) && tls_load_dhparams(&l) &&
	     take_server_keys(&l);
	if (ok)
		set_tickets(context, settings);
	return finished(context, ok);
}

/* --- client --------------------------------------------------------------------------------- */

static bool is_ip_address(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static bool set_server_verification(struct tls_loader *l, struct tls_context *context)
{
	const struct tls_settings *s = l->settings;
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(l->ctx);

	if (s->host != NULL && !is_ip_address(s->host))
		context->host = xstrdup(s->host);
	/* With a pre-shared key too: a server that shows a certificate instead is not believed. */
	SSL_CTX_set_verify(l->ctx, SSL_VERIFY_PEER, NULL);
	if (context->psk_identity != NULL)
		return true;
	if (s->cafile == NULL && s->capath == NULL && !s->use_os_certs)
		return tls_fail(l, "TLS", NULL,
				"needs a cafile, a capath or the system's CAs to verify the server "
				"with");
	if (s->host == NULL || s->insecure)
		return true;
	return context->host != NULL ? X509_VERIFY_PARAM_set1_host(param, s->host, 0) == 1
				     : X509_VERIFY_PARAM_set1_ip_asc(param, s->host) == 1;
}

/* One name, preceded by its length. */
static bool set_alpn(struct tls_loader *l)
{
	const char *name = l->settings->alpn;
	uint8_t list[256];
	size_t len = name != NULL ? strlen(name) : 0;

	if (len == 0)
		return true;
	if (len > sizeof(list) - 1)
		return tls_fail(l, "alpn", NULL, "is longer than 255 bytes");
	list[0] = (uint8_t)len;
	memcpy(list + 1, name, len);
	return SSL_CTX_set_alpn_protos(l->ctx, list, (unsigned)len + 1) == 0;
}

struct tls_context *tls_client_create(
		const struct tls_settings *settings, struct str *error, struct str *warning)
{
	struct tls_context *context = context_create(TLS_client_method());
	struct tls_loader l = { context->ctx, settings, error, warning };
	bool ok = set_version(&l) && set_ciphers(&l) && tls_load_certificate(&l, false) &&
		  tls_load_cas(&l, false) && take_client_key(&l, context) &&
		  set_server_verification(&l, context) && tls_load_crl(&l) && set_alpn(&l);

	return finished(context, ok);
}

/* --- one connection ------------------------------------------------------------------------- */

struct ssl_st *tls_open(struct tls_context *context, struct tls_peer *peer)
{
	SSL *ssl = SSL_new(context->ctx);

	if (ssl == NULL)
		abort(); /* memory alone can be missing */
	SSL_set_app_data(ssl, peer);
	if (context->is_server) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_set_connect_state(ssl);
	if (context->host != NULL)
		SSL_set_tlsext_host_name(ssl, context->host);
	return ssl;
}
