/* SPDX-License-Identifier: MIT */
/*
 * TLS 1.2 and 1.3: what OpenSSL needs to know, made from settings. Nothing here touches a socket,
 * logs or keeps a global; a context is used by one thread at a time.
 *
 * A context never changes. A reload makes a new one and swaps it in when that succeeded;
 * connections keep the one they began with.
 *
 * What is always so: no renegotiation, no compression, buffers given back when they are empty,
 * the server's order of ciphers. A server gives TLS 1.3 clients a ticket to resume with, unless
 * it asks for certificates or pre-shared keys: those are looked at anew for each connection.
 */
#ifndef COMMON_TLS_H
#define COMMON_TLS_H

#include "common/str.h"

struct ssl_st;
struct ssl_ctx_st;
struct tls_context;

enum {
	TLS_MAX_KEY = 512, /* bytes of a pre-shared key */
	TLS_KEY_DIGEST = 32,
};

/* Where a server's pre-shared keys come from. */
struct tls_keys {
	void *owner;
	/* The key of an identity into `key`: its length, or 0 when there is no such identity. */
	size_t (*find)(void *owner, struct span identity, uint8_t key[TLS_MAX_KEY]);
	void (*release)(void *owner); /* nobody will ask any more; NULL: nothing to do */
};

/*
 * As in mosquitto.conf. Zeroed memory sets nothing. Texts are borrowed for the call that makes a
 * context. `keys` belong to the context from then on, or are released when there is none.
 */
struct tls_settings {
	const char *prefix; /* of the keywords, for errors: "bridge_"; NULL: none */
	const char *cafile, *capath;
	const char *certfile, *keyfile;
	const char *tls_version; /* the oldest: "tlsv1.2" (as NULL), "tlsv1.3" */
	const char *ciphers, *ciphers_tls13;

	const char *crlfile;

	/* A server's */
	const char *dhparamfile;
	bool require_certificate, disable_client_cert_date_checks;
	const char *psk_hint; /* not NULL: pre-shared keys are taken */
	struct tls_keys keys;

	/* A client's */
	const char *host; /* whom the certificate has to name; NULL: anybody */
	bool insecure;	  /* any name is taken; the certificate is checked all the same */
	bool use_os_certs;
	const char *alpn;
	const char *psk_identity; /* NULL: no pre-shared key */
	struct span psk;	  /* its key */
};

/*
 * A context, with a reference for the caller. NULL when something is wrong: *error then says
 * what, in which file, and what to do. *warning gets what should be mended all the same, one
 * line each.
 */
struct tls_context *tls_server_create(
		const struct tls_settings *settings, struct str *error, struct str *warning);
struct tls_context *tls_client_create(
		const struct tls_settings *settings, struct str *error, struct str *warning);

bool tls_context_is_server(const struct tls_context *context);

/* What OpenSSL calls it, for a library that opens connections itself. Borrowed. */
struct ssl_ctx_st *tls_context_native(struct tls_context *context);

struct tls_context *tls_context_ref(struct tls_context *context);

/* Accepts NULL. */
void tls_context_unref(struct tls_context *context);

/*
 * What is known about the other end of one connection beside its certificate. Zeroed memory is
 * nothing.
 */
struct tls_peer {
	char *psk_identity; /* that it offered and that has a key; owned; NULL: none */
	uint8_t key_digest[TLS_KEY_DIGEST]; /* of that key */
};

void tls_peer_finish(struct tls_peer *peer);

/*
 * The TLS state of a new connection, which SSL_free() ends. `peer` is filled in by the handshake
 * and outlives it; the caller holds a reference to the context as long.
 */
struct ssl_st *tls_open(struct tls_context *context, struct tls_peer *peer);

enum tls_name {
	TLS_NAME_NONE,
	TLS_NAME_COMMON,  /* the first CN of the subject */
	TLS_NAME_SUBJECT, /* the whole subject, as RFC 2253 writes it: "CN=a,O=b" */
};

/*
 * The name that the other end has proved: a pre-shared key's identity, or from its certificate.
 * False when there is none or when MQTT takes no such text as a user name: empty, not UTF-8, a NUL
 * or control character in it.
 */
bool tls_peer_name(const struct ssl_st *ssl, const struct tls_peer *peer, enum tls_name kind,
		struct str *name);

/*
 * Would `context` let the other end of an existing connection in today? Looks at what it was let
 * in for, certificate or identity: revoked, expired, its CA or key taken away or changed. The
 * signatures are verified again, which takes a fraction of a millisecond.
 */
bool tls_peer_still_valid(const struct tls_context *context, const struct ssl_st *ssl,
		const struct tls_peer *peer);

/*
 * Append OpenSSL's reason for what has just failed on this thread, and forget it. With `ssl`,
 * also what was wrong with the peer's certificate.
 */
void tls_append_reason(struct str *text, const struct ssl_st *ssl);

#endif
