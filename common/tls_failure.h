/* SPDX-License-Identifier: MIT */
/*
 * Why a client's TLS did not come about, as a sentence with a remedy instead of OpenSSL's words.
 *
 *     context ─▶ tls_failure_watch ─▶ handshake fails ─▶ tls_failure_add ─▶ tls_failure_explain
 */
#ifndef COMMON_TLS_FAILURE_H
#define COMMON_TLS_FAILURE_H

#include "common/tls.h"

/* What is known of a handshake. Zeroed memory is nothing. */
struct tls_failure {
	int verdict;	     /* on the server's certificate, X509_V_ERR_... */
	int depth;	     /* of the certificate it is about; 0: the server's own */
	unsigned long error; /* of OpenSSL's queue */
};

/* How the user of a program names what there is to change. */
struct tls_failure_words {
	const char *peer;		/* "the broker" */
	const char *host;		/* that the certificate has to name */
	const char *trusted;		/* whose signature counts: "cafile", "--cafile" */
	const char *certfile, *keyfile; /* "certfile", "--certfile" */
	const char *psk_file;		/* NULL: no pre-shared key is used */
	const char *plain;		/* scheme of URLs without TLS, "mqtt://"; NULL: not said */
	const char *tls_version;	/* that was asked for, as in struct tls_settings */
	bool has_certificate;		/* we have one to show */
};

/*
 * Note in *failure what the checks of server certificates say, until the context ends or this is
 * called again; NULL: nowhere. For a context with one connection at a time.
 */
void tls_failure_watch(struct tls_context *context, struct tls_failure *failure);

/*
 * Take the code out of an error text of OpenSSL's, "error:0A000086:SSL routines::...", wherever it
 * stands in `text`. The first one counts, later ones follow from it. False: there is none.
 */
bool tls_failure_add(struct tls_failure *failure, struct span text);

static inline bool tls_failure_known(const struct tls_failure *failure)
{
	return failure->verdict != 0 || failure->error != 0;
}

/*
 * Does the server refuse our certificate, or miss one? TLS 1.3 tells that only after the handshake,
 * with the first thing that is received.
 */
bool tls_failure_refuses_us(const struct tls_failure *failure);

void tls_failure_explain(const struct tls_failure *failure, const struct tls_failure_words *words,
		struct str *into);

#endif
