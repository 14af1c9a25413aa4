/* SPDX-License-Identifier: MIT */
/*
 * The files of a TLS context, each read so that an error can say what is wrong with it. For
 * common/tls_context.c alone. All return false after writing *error; false is never "nothing to
 * check against".
 */
#ifndef COMMON_TLS_FILES_H
#define COMMON_TLS_FILES_H

#include <openssl/ssl.h>

#include "common/tls.h"

/* What a file is loaded into, and where to complain. */
struct tls_loader {
	SSL_CTX *ctx;
	const struct tls_settings *settings;
	struct str *error, *warning;
};

/* cafile, capath, use_os_certs. With `announce` the peer is told the names of the CAs. */
bool tls_load_cas(struct tls_loader *l, bool announce);

/*
 * certfile and keyfile: both or none, and belonging together. Warns of a certificate that is not
 * for a server, or not for a client.
 */
bool tls_load_certificate(struct tls_loader *l, bool is_server);

bool tls_load_crl(struct tls_loader *l);
bool tls_load_dhparams(struct tls_loader *l);

/* Write "keyword PATH: ..." as the error; false, to be returned. */
bool tls_fail(struct tls_loader *l, const char *keyword, const char *path, const char *format, ...)
		PRINTF_LIKE(4, 5);

#endif
