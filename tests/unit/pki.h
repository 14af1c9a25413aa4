/* SPDX-License-Identifier: MIT */
/*
 * A certificate authority of the test's own, in a temporary folder: ca.crt, and NAME.crt and
 * NAME.key for each certificate that is issued. P-256 throughout, because it is quick.
 */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

#include <stdio.h>
#include <sys/stat.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/unit/unit.h"

struct pki {
	char folder[64];
	EVP_PKEY *key;
	X509 *ca;
	long serial; /* of the certificate that was issued last */
	char path[128];
};

enum { PKI_DAY = 24 * 60 * 60 };

/* "FOLDER/NAME", valid until the next call. */
static inline const char *pki_path(struct pki *p, const char *name)
{
	snprintf(p->path, sizeof(p->path), "%s/%s", p->folder, name);
	return p->path;
}

static inline FILE *pki_create(struct pki *p, const char *name, const char *suffix)
{
	FILE *f;

	snprintf(p->path, sizeof(p->path), "%s/%s%s", p->folder, name, suffix);
	f = fopen(p->path, "w");
	assert_non_null(f);
	return f;
}

static inline void pki_write(struct pki *p, const char *name, const char *text)
{
	FILE *f = pki_create(p, name, "");

	fputs(text, f);
	fclose(f);
}

static inline void pki_write_key(struct pki *p, const char *name, EVP_PKEY *key)
{
	FILE *f = pki_create(p, name, ".key");

	fchmod(fileno(f), 0600);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

static inline void pki_write_certificate(struct pki *p, const char *name, X509 *certificate)
{
	FILE *f = pki_create(p, name, ".crt");

	assert_int_equal(PEM_write_X509(f, certificate), 1);
	fclose(f);
}

static inline void pki_extend(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static inline X509 *pki_certificate(
		struct pki *p, EVP_PKEY *key, const X509_NAME *subject, int from, int until)
{
	X509 *certificate = X509_new();

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++p->serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), (long)from * PKI_DAY);
	X509_gmtime_adj(X509_getm_notAfter(certificate), (long)until * PKI_DAY);
	X509_set_pubkey(certificate, key);
	X509_set_subject_name(certificate, subject);
	X509_set_issuer_name(certificate, p->ca != NULL ? X509_get_subject_name(p->ca) : subject);
	return certificate;
}

static inline X509_NAME *pki_name(const char *organisation, const char *common, int common_len)
{
	X509_NAME *name = X509_NAME_new();

	if (organisation != NULL)
		X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
				(const unsigned char *)organisation, -1, -1, 0);
	if (common != NULL)
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common,
				common_len, -1, 0);
	return name;
}

/* A certificate for `subject`, which is freed, valid from and until so many days from now. */
static inline void pki_issue_to(
		struct pki *p, const char *name, X509_NAME *subject, int from, int until)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = pki_certificate(p, key, subject, from, until);

	pki_extend(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
	assert_true(X509_sign(certificate, p->key, EVP_sha256()) > 0);
	pki_write_certificate(p, name, certificate);
	pki_write_key(p, name, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
	X509_NAME_free(subject);
}

/* O=test, CN=NAME; for ten days. */
static inline void pki_issue(struct pki *p, const char *name)
{
	pki_issue_to(p, name, pki_name("test", name, -1), -1, 10);
}

/* NAME is a list that revokes the certificate of that serial number, 0: none. */
static inline void pki_revoke(struct pki *p, const char *name, long serial, int until)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, -2L * PKI_DAY);
	ASN1_TIME *next = X509_gmtime_adj(NULL, (long)until * PKI_DAY);
	FILE *f = pki_create(p, name, "");

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(p->ca));
	X509_CRL_set1_lastUpdate(crl, from);
	X509_CRL_set1_nextUpdate(crl, next);
	ASN1_INTEGER_set(number, serial);
	X509_REVOKED_set_serialNumber(revoked, number);
	X509_REVOKED_set_revocationDate(revoked, from);
	if (serial > 0)
		X509_CRL_add0_revoked(crl, revoked);
	else
		X509_REVOKED_free(revoked);
	assert_true(X509_CRL_sign(crl, p->key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
	fclose(f);
	X509_CRL_free(crl);
	ASN1_INTEGER_free(number);
	ASN1_TIME_free(from);
	ASN1_TIME_free(next);
}

static inline void pki_open(struct pki *p)
{
	X509_NAME *name = pki_name("test", "authority", -1);

	*p = (struct pki){ .folder = "/tmp/belfry-pki-XXXXXX" };
	assert_non_null(mkdtemp(p->folder));
	p->key = EVP_EC_gen("P-256");
	p->ca = pki_certificate(p, p->key, name, -1, 10);
	pki_extend(p->ca, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(p->ca, p->key, EVP_sha256()) > 0);
	pki_write_certificate(p, "ca", p->ca);
	X509_NAME_free(name);
}

static inline void pki_close(struct pki *p)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", p->folder);
	assert_int_equal(system(command), 0);
	X509_free(p->ca);
	EVP_PKEY_free(p->key);
}

#endif
