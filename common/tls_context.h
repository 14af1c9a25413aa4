/* SPDX-License-Identifier: MIT */
/*
 * What a TLS context is made of; for common/tls_*.c alone.
 */
#ifndef COMMON_TLS_CONTEXT_H
#define COMMON_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "common/tls.h"

struct tls_failure;

struct tls_context {
	unsigned refs;
	SSL_CTX *ctx;
	bool is_server;
	bool asks_certificate; /* of its clients */
	SSL_verify_cb verify;  /* NULL: OpenSSL's verdict stands */
	struct tls_keys keys;  /* of a server; find NULL: none */
	char *host;	       /* that a client asks for by name; NULL: by address */
	char *psk_identity;    /* of a client; NULL: none */
	uint8_t psk[TLS_MAX_KEY];
	size_t psk_len;
	struct tls_failure *failure; /* borrowed; NULL: nobody wants to know */
};

/* The whole subject as RFC 2253 has it, which escapes what a terminal would obey. False: none. */
bool tls_append_subject(const X509 *certificate, struct str *into);

/* "2027-03-01 12:00:00 UTC" */
void tls_append_time(const ASN1_TIME *time, struct str *into);

/* What is remembered of a pre-shared key. */
void tls_digest_key(const uint8_t *key, size_t len, uint8_t ret[TLS_KEY_DIGEST]);

#endif
