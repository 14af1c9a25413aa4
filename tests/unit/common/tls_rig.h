/* SPDX-License-Identifier: MIT */
/*
 * TLS contexts of an authority that lives as long as a test program; open_pki() and close_pki()
 * are its group's setup and teardown.
 */
#ifndef TESTS_UNIT_COMMON_TLS_RIG_H
#define TESTS_UNIT_COMMON_TLS_RIG_H

#include <openssl/ssl.h>

#include "common/mem.h"
#include "common/tls.h"
#include "tests/unit/pki.h"

static struct pki pki;
static struct str error, warning;

static inline char *path(const char *name)
{
	return xstrdup(pki_path(&pki, name));
}

/* What a context is made of, with paths that are freed at the end. */
struct setup {
	char *cafile, *certfile, *keyfile, *crlfile, *other;
	struct tls_settings s;
};

static inline struct setup setup_of(const char *name)
{
	struct setup u = { .cafile = path("ca.crt") };
	char file[64];

	if (name != NULL) {
		snprintf(file, sizeof(file), "%s.crt", name);
		u.certfile = path(file);
		snprintf(file, sizeof(file), "%s.key", name);
		u.keyfile = path(file);
	}
	u.s.cafile = u.cafile;
	u.s.certfile = u.certfile;
	u.s.keyfile = u.keyfile;
	return u;
}

static inline void setup_finish(struct setup *u)
{
	free(u->cafile);
	free(u->certfile);
	free(u->keyfile);
	free(u->crlfile);
	free(u->other);
}

static inline struct tls_context *server_of(const struct tls_settings *s)
{
	str_clear(&error);
	str_clear(&warning);
	return tls_server_create(s, &error, &warning);
}

static inline struct tls_context *client_of(const struct tls_settings *s)
{
	str_clear(&error);
	str_clear(&warning);
	return tls_client_create(s, &error, &warning);
}

static inline void assert_mentions(const struct str *text, const char *what)
{
	if (strstr(str_text(text), what) == NULL)
		fail_msg("\"%s\" does not mention \"%s\"", str_text(text), what);
}

/* It is refused, naming `file` of the folder and saying `what`. */
static inline void assert_refused(const struct tls_settings *s, const char *file, const char *what)
{
	assert_null(server_of(s));
	if (file != NULL)
		assert_mentions(&error, pki_path(&pki, file));
	assert_mentions(&error, what);
}

static inline int open_pki(void **unused)
{
	(void)unused;
	pki_open(&pki);
	pki_issue(&pki, "server");
	pki_issue(&pki, "alice");
	return 0;
}

static inline int close_pki(void **unused)
{
	(void)unused;
	pki_close(&pki);
	str_finish(&error);
	str_finish(&warning);
	return 0;
}

#endif
