/* SPDX-License-Identifier: MIT */
/*
 * Certificates, keys and revocation lists as PEM files. Each file is replaced as a whole; a new
 * key is for its owner alone, everything else for everybody to read. Whatever fails leaves a
 * sentence in *problem that names the file.
 */
#ifndef CLI_CERT_FILES_H
#define CLI_CERT_FILES_H

#include <openssl/types.h>

#include "common/str.h"

/* "FOLDER/NAME" and the suffix; the caller frees it. */
char *cert_path(const char *folder, const char *name, const char *suffix);

/* Text, for everybody to read. */
bool cert_write_text(const char *path, struct span text, struct str *problem);

bool cert_write(const char *path, const X509 *certificate, struct str *problem);
bool cert_write_key(const char *path, const EVP_PKEY *key, struct str *problem);
bool cert_write_crl(const char *path, const X509_CRL *crl, struct str *problem);

/* The caller frees what they return; NULL on failure. */
X509 *cert_read(const char *path, struct str *problem);
EVP_PKEY *cert_read_key(const char *path, struct str *problem);
X509_CRL *cert_read_crl(const char *path, struct str *problem);

#endif
