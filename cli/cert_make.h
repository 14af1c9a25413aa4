/* SPDX-License-Identifier: MIT */
/*
 * Keys (P-256), certificates and revocation lists as RFC 5280 wants them, so that
 * `openssl verify -x509_strict` has nothing to say. Times begin an hour before now, for machines
 * whose clocks are behind. What is returned is freed by the caller; NULL when OpenSSL fails,
 * which memory or random numbers alone can make it do.
 */
#ifndef CLI_CERT_MAKE_H
#define CLI_CERT_MAKE_H

#include <openssl/types.h>

#include "cli/cert_index.h"

struct cert_authority {
	X509 *certificate;
	EVP_PKEY *key;
};

struct cert_subject {
	const char *name; /* checked by cert_name.h; a server's first host */
	enum cert_kind kind;
	char *const *hosts; /* of a server: what else it is called, checked */
	size_t host_count;
	const X509 *model; /* take a server's hosts from this one instead; NULL: none */
};

/* A new random one as text. False when there are no random numbers. */
bool cert_make_serial(char ret[CERT_SERIAL_TEXT]);

EVP_PKEY *cert_make_key(void);

X509 *cert_make_authority(const char *name, EVP_PKEY *key, const char *serial, time_t until);

X509 *cert_make(const struct cert_subject *subject, EVP_PKEY *key, const char *serial, time_t until,
		const struct cert_authority *by);

/* The list of all that are revoked in `index`, which a newer one takes the place of at `next`. */
X509_CRL *cert_make_crl(
		const struct cert_index *index, time_t next, const struct cert_authority *by);

time_t cert_time_of(const ASN1_TIME *t);

/* "belfry CA 3f9a1c07" */
void cert_append_common_name(const X509 *certificate, struct str *into);

#endif
