/* SPDX-License-Identifier: MIT */
/*
 * The certificate that this end shows, as far as an operator asks: whose, which one, until when.
 * Of its chain that is the first; the others end later, or their authority did a bad job.
 */
#ifndef COMMON_TLS_CERTIFICATE_H
#define COMMON_TLS_CERTIFICATE_H

#include "common/tls.h"

/* Append "CN=broker,O=site (serial 1A2B, until 2027-03-01 12:00:00 UTC)", or "none". */
void tls_certificate_describe(const struct tls_context *context, struct str *into);

/* Do both show the same one? None is the same as none. */
bool tls_certificate_equal(const struct tls_context *a, const struct tls_context *b);

/* When it expires, in seconds since 1970; 0 when there is none. */
uint64_t tls_certificate_expiry(const struct tls_context *context);

#endif
