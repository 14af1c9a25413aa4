/* SPDX-License-Identifier: MIT */
#include "cli/cert_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "cli/file_edit.h"
#include "common/mem.h"

enum { MODE_PUBLIC = 0644, MODE_SECRET = 0600 };

char *cert_path(const char *folder, const char *name, const char *suffix)
{
	struct str path = { 0 };

	str_printf(&path, "%s/%s%s", folder, name, suffix);
	return str_take(&path);
}

/* --- writing -------------------------------------------------------------------------------- */

static bool write_file(const char *path, mode_t mode, struct span text, struct str *problem)
{
	struct file_edit f;
	bool ok = file_edit_open(&f, path, true, problem);

	f.new_mode = mode;
	ok = ok && file_edit_replace(&f, text, problem);
	file_edit_close(&f);
	return ok;
}

/* `made`: whether OpenSSL has put everything into `pem`, which is freed. */
static bool write_pem(const char *path, mode_t mode, BIO *pem, bool made, struct str *problem)
{
	char *data = NULL;
	long len = BIO_get_mem_data(pem, &data);
	bool ok = made && write_file(path, mode, span_of(data, (size_t)len), problem);

	if (!made) {
		str_append_escaped(problem, span_of_text(path));
		str_append_text(problem, ": OpenSSL cannot write it as PEM");
	}
	wipe(data, (size_t)len);
	BIO_free(pem);
	ERR_clear_error();
	return ok;
}

bool cert_write_text(const char *path, struct span text, struct str *problem)
{
	return write_file(path, MODE_PUBLIC, text, problem);
}

bool cert_write(const char *path, const X509 *certificate, struct str *problem)
{
	BIO *pem = BIO_new(BIO_s_mem());

	return write_pem(
			path, MODE_PUBLIC, pem, PEM_write_bio_X509(pem, certificate) == 1, problem);
}

bool cert_write_key(const char *path, const EVP_PKEY *key, struct str *problem)
{
	BIO *pem = BIO_new(BIO_s_mem());
	bool made = PEM_write_bio_PKCS8PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) == 1;

	return write_pem(path, MODE_SECRET, pem, made, problem);
}

bool cert_write_crl(const char *path, const X509_CRL *crl, struct str *problem)
{
	BIO *pem = BIO_new(BIO_s_mem());

	return write_pem(path, MODE_PUBLIC, pem, PEM_write_bio_X509_CRL(pem, crl) == 1, problem);
}

/* --- reading -------------------------------------------------------------------------------- */

/* A key with a password cannot be used here, and nobody is asked for it. */
static int no_password(char *buffer, int size, int writing, void *owner)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)owner;
	return -1;
}

static void *parse_certificate(BIO *pem)
{
	return PEM_read_bio_X509(pem, NULL, no_password, NULL);
}

static void *parse_key(BIO *pem)
{
	return PEM_read_bio_PrivateKey(pem, NULL, no_password, NULL);
}

static void *parse_crl(BIO *pem)
{
	return PEM_read_bio_X509_CRL(pem, NULL, no_password, NULL);
}

static void *read_file(
		const char *path, void *(*parse)(BIO *pem), const char *what, struct str *problem)
{
	struct file_edit f;
	void *found = NULL;

	if (file_edit_open(&f, path, false, problem)) {
		BIO *pem = BIO_new_mem_buf(f.text.text, (int)f.text.len);

		found = parse(pem);
		BIO_free(pem);
		ERR_clear_error();
		if (found == NULL) {
			str_append_escaped(problem, span_of_text(path));
			str_printf(problem, ": there is no %s in it that can be read", what);
		}
	}
	file_edit_close(&f);
	return found;
}

X509 *cert_read(const char *path, struct str *problem)
{
	return read_file(path, parse_certificate, "certificate", problem);
}

EVP_PKEY *cert_read_key(const char *path, struct str *problem)
{
	return read_file(path, parse_key, "private key without a password", problem);
}

X509_CRL *cert_read_crl(const char *path, struct str *problem)
{
	return read_file(path, parse_crl, "revocation list", problem);
}
