/* SPDX-License-Identifier: MIT */
#include "cli/cert_make.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "cli/cert_name.h"
#include "common/clock.h"
#include "common/mem.h"

enum { CLOCKS_DIFFER = 60 * 60 };

static time_t now(void)
{
	return (time_t)wall_time_seconds(wall_time_now());
}

/* 126 random bits; the first two make it positive and 16 bytes long [RFC 5280 4.1.2.2]. */
bool cert_make_serial(char ret[CERT_SERIAL_TEXT])
{
	uint8_t bytes[CERT_SERIAL_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

EVP_PKEY *cert_make_key(void)
{
	return EVP_EC_gen("P-256");
}

static bool set_serial(ASN1_INTEGER *at, const char *serial)
{
	BIGNUM *number = NULL;
	bool ok = BN_hex2bn(&number, serial) > 0 && BN_to_ASN1_INTEGER(number, at) != NULL;

	BN_free(number);
	return ok;
}

/* --- extensions ----------------------------------------------------------------------------- */

struct extension {
	int nid;
	const char *value;
};

static const struct extension of_authority[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ 0 },
};

static const struct extension of_server[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, "serverAuth" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0 },
};

static const struct extension of_client[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, "clientAuth" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0 },
};

static bool extend(X509 *certificate, X509 *issuer, const struct extension *list)
{
	X509V3_CTX context;
	bool ok = true;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	for (; ok && list->nid != 0; list++) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, list->nid, list->value);

		ok = e != NULL && X509_add_ext(certificate, e, -1) == 1;
		X509_EXTENSION_free(e);
	}
	return ok;
}

static bool add_host(GENERAL_NAMES *names, const char *host)
{
	uint8_t address[16];
	size_t len = cert_host_address(host, address);
	ASN1_STRING *value = ASN1_STRING_type_new(len > 0 ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	GENERAL_NAME *name = GENERAL_NAME_new();
	bool ok = value != NULL && name != NULL &&
		  (len > 0 ? ASN1_STRING_set(value, address, (int)len)
			   : ASN1_STRING_set(value, host, -1)) == 1;

	if (!ok) {
		ASN1_STRING_free(value);
		GENERAL_NAME_free(name);
		return false;
	}
	GENERAL_NAME_set0_value(name, len > 0 ? GEN_IPADD : GEN_DNS, value);
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static GENERAL_NAMES *hosts_of(const struct cert_subject *s)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool ok = names != NULL && add_host(names, s->name);

	for (size_t i = 0; ok && i < s->host_count; i++)
		ok = add_host(names, s->hosts[i]);
	if (ok)
		return names;
	GENERAL_NAMES_free(names);
	return NULL;
}

static bool add_hosts(X509 *certificate, const struct cert_subject *s)
{
	GENERAL_NAMES *names;
	bool ok;

	if (s->kind != CERT_SERVER)
		return true;
	names = s->model != NULL ? X509_get_ext_d2i(s->model, NID_subject_alt_name, NULL, NULL)
				 : hosts_of(s);
	ok = names != NULL && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0,
					      X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(names);
	return ok;
}

/* --- certificates --------------------------------------------------------------------------- */

/* Everything but extensions and signature. */
static X509 *begin(const char *name, EVP_PKEY *key, const char *serial, time_t until)
{
	X509 *c = X509_new();
	X509_NAME *subject = X509_NAME_new();
	bool ok = c != NULL && subject != NULL &&
		  X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
				  (const unsigned char *)name, -1, -1, 0) == 1 &&
		  X509_set_version(c, X509_VERSION_3) == 1 &&
		  set_serial(X509_get_serialNumber(c), serial) &&
		  ASN1_TIME_set(X509_getm_notBefore(c), now() - CLOCKS_DIFFER) != NULL &&
		  ASN1_TIME_set(X509_getm_notAfter(c), until) != NULL &&
		  X509_set_subject_name(c, subject) == 1 && X509_set_pubkey(c, key) == 1;

	X509_NAME_free(subject);
	if (ok)
		return c;
	X509_free(c);
	return NULL;
}

/* `c` with its signature; freed, and NULL, when `ok` is false already or signing fails. */
static X509 *finish(X509 *c, bool ok, EVP_PKEY *key)
{
	if (ok && X509_sign(c, key, EVP_sha256()) > 0)
		return c;
	X509_free(c);
	return NULL;
}

X509 *cert_make_authority(const char *name, EVP_PKEY *key, const char *serial, time_t until)
{
	X509 *c = begin(name, key, serial, until);
	bool ok = c != NULL && X509_set_issuer_name(c, X509_get_subject_name(c)) == 1 &&
		  extend(c, c, of_authority);

	return finish(c, ok, key);
}

X509 *cert_make(const struct cert_subject *subject, EVP_PKEY *key, const char *serial, time_t until,
		const struct cert_authority *by)
{
	X509 *c = begin(subject->name, key, serial, until);
	bool ok = c != NULL &&
		  X509_set_issuer_name(c, X509_get_subject_name(by->certificate)) == 1 &&
		  extend(c, by->certificate,
				  subject->kind == CERT_SERVER ? of_server : of_client) &&
		  add_hosts(c, subject);

	return finish(c, ok, by->key);
}

time_t cert_time_of(const ASN1_TIME *t)
{
	struct tm parts = { 0 };

	return ASN1_TIME_to_tm(t, &parts) == 1 ? timegm(&parts) : 0;
}

void cert_append_common_name(const X509 *certificate, struct str *into)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;
	int len = -1;

	if (at >= 0)
		len = ASN1_STRING_to_UTF8(
				&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (len >= 0)
		str_append_escaped(into, span_of(text, (size_t)len));
	OPENSSL_free(text);
}

/* --- revocation lists ----------------------------------------------------------------------- */

static bool add_revoked(X509_CRL *crl, const struct cert_entry *e)
{
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *date = ASN1_TIME_set(NULL, e->revoked);
	bool ok = revoked != NULL && serial != NULL && date != NULL &&
		  set_serial(serial, e->serial) &&
		  X509_REVOKED_set_serialNumber(revoked, serial) == 1 &&
		  X509_REVOKED_set_revocationDate(revoked, date) == 1 &&
		  X509_CRL_add0_revoked(crl, revoked) == 1;

	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(date);
	if (!ok)
		X509_REVOKED_free(revoked);
	return ok;
}

static bool set_period(X509_CRL *crl, time_t next)
{
	ASN1_TIME *last_update = ASN1_TIME_set(NULL, now() - CLOCKS_DIFFER);
	ASN1_TIME *next_update = ASN1_TIME_set(NULL, next);
	bool ok = last_update != NULL && next_update != NULL &&
		  X509_CRL_set1_lastUpdate(crl, last_update) == 1 &&
		  X509_CRL_set1_nextUpdate(crl, next_update) == 1;

	ASN1_TIME_free(last_update);
	ASN1_TIME_free(next_update);
	return ok;
}

/* The number of a list is larger than those of all before it: milliseconds count up. */
static bool extend_crl(X509_CRL *crl, X509 *issuer)
{
	X509V3_CTX context;
	X509_EXTENSION *e;
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	bool ok = number != NULL &&
		  ASN1_INTEGER_set_int64(number, wall_time_now().ns / 1000000) == 1 &&
		  X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, X509V3_ADD_DEFAULT) == 1;

	ASN1_INTEGER_free(number);
	X509V3_set_ctx(&context, issuer, NULL, NULL, crl, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
	ok = ok && e != NULL && X509_CRL_add_ext(crl, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

X509_CRL *cert_make_crl(
		const struct cert_index *index, time_t next, const struct cert_authority *by)
{
	X509_CRL *crl = X509_CRL_new();
	bool ok = crl != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
		  X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->certificate)) == 1 &&
		  set_period(crl, next) && extend_crl(crl, by->certificate);

	for (size_t i = 0; ok && i < index->count; i++) {
		if (index->entries[i].revoked != 0)
			ok = add_revoked(crl, &index->entries[i]);
	}
	if (ok && X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, by->key, EVP_sha256()) > 0)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}
