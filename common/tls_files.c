/* SPDX-License-Identifier: MIT */
#include "common/tls_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/tls_context.h"

enum { SOON_DAYS = 30 };

/* "bridge_cafile /etc/x: " */
static void begin(struct tls_loader *l, struct str *text, const char *keyword, const char *path)
{
	const char *prefix = l->settings->prefix != NULL ? l->settings->prefix : "";

	if (text->len > 0)
		str_append_byte(text, '\n');
	str_printf(text, "%s%s", prefix, keyword);
	if (path != NULL)
		str_printf(text, " %s", path);
	str_append_text(text, ": ");
}

bool tls_fail(struct tls_loader *l, const char *keyword, const char *path, const char *format, ...)
{
	va_list args;

	begin(l, l->error, keyword, path);
	va_start(args, format);
	str_vprintf(l->error, format, args);
	va_end(args);
	ERR_clear_error();
	return false;
}

/* The same with OpenSSL's own words at the end. */
static bool fail_reason(
		struct tls_loader *l, const char *keyword, const char *path, const char *what)
{
	begin(l, l->error, keyword, path);
	str_printf(l->error, "%s: ", what);
	tls_append_reason(l->error, NULL);
	return false;
}

/* NULL after writing the error. *ret_mode, unless NULL, are the file's permissions. */
static BIO *open_file(struct tls_loader *l, const char *keyword, const char *path, mode_t *ret_mode)
{
	FILE *f = fopen(path, "re");
	struct stat status;
	int error = errno;

	if (f != NULL && fstat(fileno(f), &status) == 0 && !S_ISDIR(status.st_mode)) {
		if (ret_mode != NULL)
			*ret_mode = status.st_mode;
		return BIO_new_fp(f, BIO_CLOSE);
	}
	if (f != NULL) {
		fclose(f);
		error = EISDIR;
	}
	tls_fail(l, keyword, path, "cannot be read: %s", strerror(error));
	return NULL;
}

/* Did reading stop because no further object of the kind is there? Forgets the error if so. */
static bool is_end_of_file(void)
{
	unsigned long error = ERR_peek_last_error();

	if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
		return false;
	ERR_clear_error();
	return true;
}

/* --- certificate authorities ---------------------------------------------------------------- */

/* `names` gets those of the CAs, unless NULL. */
static bool load_cafile(struct tls_loader *l, STACK_OF(X509_NAME) * names)
{
	const char *path = l->settings->cafile;
	X509_STORE *store = SSL_CTX_get_cert_store(l->ctx);
	BIO *file = open_file(l, "cafile", path, NULL);
	size_t count = 0;
	X509 *ca;

	if (file == NULL)
		return false;
	while ((ca = PEM_read_bio_X509_AUX(file, NULL, NULL, NULL)) != NULL) {
		count++;
		X509_STORE_add_cert(store, ca);
		if (names != NULL)
			sk_X509_NAME_push(names, X509_NAME_dup(X509_get_subject_name(ca)));
		X509_free(ca);
	}
	BIO_free(file);
	if (!is_end_of_file())
		return fail_reason(l, "cafile", path, "a certificate in it cannot be read");
	if (count == 0)
		return tls_fail(l, "cafile", path,
				"there is no certificate in it; nobody could be verified with it");
	return true;
}

/* "9d66eef0.0", as `openssl rehash` names its links */
static bool is_hashed_name(const char *name)
{
	for (int i = 0; i < 8; i++) {
		if (!isxdigit((unsigned char)name[i]))
			return false;
	}
	return name[8] == '.' && isdigit((unsigned char)name[9]);
}

static bool load_capath(struct tls_loader *l, STACK_OF(X509_NAME) * names)
{
	const char *path = l->settings->capath;
	DIR *folder = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	if (folder == NULL)
		return tls_fail(l, "capath", path, "cannot be read: %s", strerror(errno));
	while ((entry = readdir(folder)) != NULL)
		count += is_hashed_name(entry->d_name);
	closedir(folder);
	if (count == 0)
		return tls_fail(l, "capath", path,
				"no certificate can be found in it; run: openssl rehash %s", path);
	if (SSL_CTX_load_verify_dir(l->ctx, path) != 1)
		return fail_reason(l, "capath", path, "cannot be used");
	if (names != NULL)
		SSL_add_dir_cert_subjects_to_stack(names, path);
	ERR_clear_error(); /* a file in there that is no certificate is passed over */
	return true;
}

bool tls_load_cas(struct tls_loader *l, bool announce)
{
	const struct tls_settings *s = l->settings;
	STACK_OF(X509_NAME) *names = announce ? sk_X509_NAME_new_null() : NULL;
	bool ok = (s->cafile == NULL || load_cafile(l, names)) &&
		  (s->capath == NULL || load_capath(l, names));

	if (names != NULL)
		SSL_CTX_set_client_CA_list(l->ctx, names); /* takes it */
	if (ok && s->use_os_certs && SSL_CTX_set_default_verify_paths(l->ctx) != 1)
		return fail_reason(l, "tls_use_os_certs", NULL, "cannot be used");
	return ok;
}

/* --- certificate and key -------------------------------------------------------------------- */

/* Whoever renews it, a person or a program, may have failed to. */
static void warn_before_expiry(struct tls_loader *l)
{
	const ASN1_TIME *until = X509_get0_notAfter(SSL_CTX_get0_certificate(l->ctx));
	bool is_over;
	int days, seconds;

	if (ASN1_TIME_diff(&days, &seconds, NULL, until) != 1 || days >= SOON_DAYS)
		return;
	is_over = days < 0 || seconds < 0;
	begin(l, l->warning, "certfile", l->settings->certfile);
	str_printf(l->warning, "the certificate %s on ", is_over ? "has expired" : "expires");
	tls_append_time(until, l->warning);
	str_printf(l->warning, "%s; renew it, then reload",
			is_over ? ", who verifies it turns away" : "");
}

static bool load_chain(struct tls_loader *l)
{
	const char *path = l->settings->certfile;
	BIO *file = open_file(l, "certfile", path, NULL);
	X509 *first;

	if (file == NULL)
		return false;
	first = PEM_read_bio_X509_AUX(file, NULL, NULL, NULL);
	BIO_free(file);
	if (first == NULL && is_end_of_file())
		return tls_fail(l, "certfile", path,
				"there is no certificate in it (-----BEGIN CERTIFICATE-----)");
	X509_free(first);
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(l->ctx, path) != 1)
		return fail_reason(l, "certfile", path, "the certificate cannot be used");
	return true;
}

/* Nobody sits at a daemon's terminal. */
static int refuse_password(char *buffer, int size, int is_writing, void *is_encrypted)
{
	(void)buffer;
	(void)size;
	(void)is_writing;
	*(bool *)is_encrypted = true;
	return -1;
}

static bool use_key(struct tls_loader *l, EVP_PKEY *key)
{
	const char *path = l->settings->keyfile;

	if (X509_check_private_key(SSL_CTX_get0_certificate(l->ctx), key) != 1)
		return tls_fail(l, "keyfile", path,
				"the key does not belong to the certificate in certfile %s",
				l->settings->certfile);
	if (SSL_CTX_use_PrivateKey(l->ctx, key) != 1)
		return fail_reason(l, "keyfile", path, "the key cannot be used");
	return true;
}

static bool load_key(struct tls_loader *l)
{
	const char *path = l->settings->keyfile;
	bool is_encrypted = false, ok;
	mode_t mode = 0;
	BIO *file = open_file(l, "keyfile", path, &mode);
	EVP_PKEY *key;

	if (file == NULL)
		return false;
	key = PEM_read_bio_PrivateKey(file, NULL, refuse_password, &is_encrypted);
	BIO_free(file);
	if (is_encrypted) {
		EVP_PKEY_free(key);
		return tls_fail(l, "keyfile", path,
				"the key is encrypted, and nobody is there to type its password; "
				"store it without one: openssl pkey -in %s -out NEW",
				path);
	}
	if (key == NULL)
		return fail_reason(l, "keyfile", path,
				"there is no private key in it (-----BEGIN PRIVATE KEY-----) that "
				"can be read");
	if (mode & S_IRWXO) { /* a group is how a daemon reads root's key */
		begin(l, l->warning, "keyfile", path);
		str_printf(l->warning, "everybody has access to the private key; run: chmod o= %s",
				path);
	}
	ok = use_key(l, key);
	EVP_PKEY_free(key);
	return ok;
}

/* Peers refuse it, and say so in an alert that few can read. */
static void warn_of_purpose(struct tls_loader *l, bool is_server)
{
	int purpose = is_server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;

	if (X509_check_purpose(SSL_CTX_get0_certificate(l->ctx), purpose, 0) == 1)
		return;
	begin(l, l->warning, "certfile", l->settings->certfile);
	str_printf(l->warning, "the certificate is not one for a %s (extendedKeyUsage)",
			is_server ? "server" : "client");
}

bool tls_load_certificate(struct tls_loader *l, bool is_server)
{
	const struct tls_settings *s = l->settings;

	if (s->certfile == NULL && s->keyfile == NULL)
		return true;
	if (s->keyfile == NULL)
		return tls_fail(l, "certfile", s->certfile, "needs the keyfile that belongs to it");
	if (s->certfile == NULL)
		return tls_fail(l, "keyfile", s->keyfile, "needs the certfile that belongs to it");
	if (!load_chain(l) || !load_key(l))
		return false;
	warn_before_expiry(l);
	warn_of_purpose(l, is_server);
	return true;
}

/* --- revocation lists and Diffie-Hellman ---------------------------------------------------- */

static void warn_when_stale(struct tls_loader *l, const X509_CRL *crl)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	if (next == NULL || X509_cmp_current_time(next) > 0)
		return;
	begin(l, l->warning, "crlfile", l->settings->crlfile);
	str_append_text(l->warning, "a revocation list in it is out of date: no certificate of "
				    "that CA is accepted until there is a new one");
}

bool tls_load_crl(struct tls_loader *l)
{
	const char *path = l->settings->crlfile;
	X509_STORE *store = SSL_CTX_get_cert_store(l->ctx);
	size_t count = 0;
	X509_CRL *crl;
	BIO *file;

	if (path == NULL)
		return true;
	file = open_file(l, "crlfile", path, NULL);
	if (file == NULL)
		return false;
	while ((crl = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)) != NULL) {
		count++;
		X509_STORE_add_crl(store, crl);
		warn_when_stale(l, crl);
		X509_CRL_free(crl);
	}
	BIO_free(file);
	if (!is_end_of_file())
		return fail_reason(l, "crlfile", path, "a revocation list in it cannot be read");
	if (count == 0)
		return tls_fail(l, "crlfile", path,
				"there is no certificate revocation list in it "
				"(-----BEGIN X509 CRL-----)");
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return true;
}

bool tls_load_dhparams(struct tls_loader *l)
{
	const char *path = l->settings->dhparamfile;
	EVP_PKEY *parameters;
	BIO *file;

	if (path == NULL) {
		SSL_CTX_set_dh_auto(l->ctx, 1);
		return true;
	}
	file = open_file(l, "dhparamfile", path, NULL);
	if (file == NULL)
		return false;
	parameters = PEM_read_bio_Parameters(file, NULL);
	BIO_free(file);
	if (parameters == NULL || !EVP_PKEY_is_a(parameters, "DH")) {
		EVP_PKEY_free(parameters);
		return tls_fail(l, "dhparamfile", path,
				"there are no Diffie-Hellman parameters in it; "
				"make them with: openssl dhparam -out %s 2048",
				path);
	}
	if (SSL_CTX_set0_tmp_dh_pkey(l->ctx, parameters) != 1) {
		EVP_PKEY_free(parameters);
		return fail_reason(l, "dhparamfile", path, "the parameters cannot be used");
	}
	return true;
}
