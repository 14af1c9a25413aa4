/* SPDX-License-Identifier: MIT */
#include "common/tls_certificate.h"

#include <time.h>

#include <openssl/bn.h>
#include <openssl/x509.h>

#include "common/tls_context.h"

static X509 *shown(const struct tls_context *context)
{
	return SSL_CTX_get0_certificate(context->ctx);
}

void tls_append_time(const ASN1_TIME *time, struct str *into)
{
	struct tm parts = { 0 };
	char text[40] = "?";

	if (ASN1_TIME_to_tm(time, &parts) == 1)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts);
	str_append_text(into, text);
}

static void append_serial(const X509 *certificate, struct str *into)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *hex = number != NULL ? BN_bn2hex(number) : NULL;

	str_append_text(into, hex != NULL ? hex : "?");
	OPENSSL_free(hex);
	BN_free(number);
}

void tls_certificate_describe(const struct tls_context *context, struct str *into)
{
	const X509 *certificate = shown(context);

	if (certificate == NULL) {
		str_append_text(into, "none");
		return;
	}
	if (!tls_append_subject(certificate, into))
		str_append_text(into, "a nameless one");
	str_append_text(into, " (serial ");
	append_serial(certificate, into);
	str_append_text(into, ", until ");
	tls_append_time(X509_get0_notAfter(certificate), into);
	str_append_byte(into, ')');
}

bool tls_certificate_equal(const struct tls_context *a, const struct tls_context *b)
{
	X509 *x = shown(a), *y = shown(b);

	return x == NULL || y == NULL ? x == y : X509_cmp(x, y) == 0;
}

uint64_t tls_certificate_expiry(const struct tls_context *context)
{
	const X509 *certificate = shown(context);
	struct tm parts = { 0 };
	time_t t = 0;

	if (certificate != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1)
		t = timegm(&parts);
	return t > 0 ? (uint64_t)t : 0;
}
