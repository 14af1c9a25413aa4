/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL behind a BIO of our own, whose two ends are the caller's buffers.
 */
#include "tests/bench/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/memory.h"

static int bio_write(BIO *bio, const char *data, int len)
{
	struct tls *t = BIO_get_data(bio);

	backlog_append(t->out, data, (size_t)len);
	return len;
}

static int bio_read(BIO *bio, char *out, int size)
{
	struct tls *t = BIO_get_data(bio);
	size_t n = t->in_len < (size_t)size ? t->in_len : (size_t)size;

	BIO_clear_retry_flags(bio);
	if (n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(out, t->in, n);
	t->in += n;
	t->in_len -= n;
	return (int)n;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio, (void)number, (void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *method_create(void)
{
	BIO_METHOD *m = memory_checked(
			BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buffers"));

	BIO_meth_set_write(m, bio_write);
	BIO_meth_set_read(m, bio_read);
	BIO_meth_set_ctrl(m, bio_control);
	return m;
}

bool tls_context_init(struct tls_context *c, const char *cafile, const char *address)
{
	char reason[256];

	c->method = method_create();
	c->ctx = memory_checked(SSL_CTX_new(TLS_client_method()));
	SSL_CTX_set_mode(c->ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(c->ctx, 1);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_file(c->ctx, cafile) == 1 &&
			X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(c->ctx), address) == 1)
		return true;
	fprintf(stderr, "loadgen: cannot use %s: %s\n", cafile, tls_reason(reason, sizeof(reason)));
	tls_context_finish(c);
	return false;
}

void tls_context_finish(struct tls_context *c)
{
	SSL_CTX_free(c->ctx);
	BIO_meth_free(c->method);
	*c = (struct tls_context){ 0 };
}

void tls_init(struct tls *t, const struct tls_context *c, struct backlog *out)
{
	BIO *bio = memory_checked(BIO_new(c->method));

	*t = (struct tls){ .ssl = memory_checked(SSL_new(c->ctx)), .out = out };
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_connect_state(t->ssl);
}

void tls_finish(struct tls *t)
{
	SSL_free(t->ssl);
	t->ssl = NULL;
}

void tls_feed(struct tls *t, const uint8_t *data, size_t len)
{
	t->in = data;
	t->in_len = len;
}

int tls_handshake(struct tls *t)
{
	int n;

	ERR_clear_error();
	n = SSL_do_handshake(t->ssl);
	if (n == 1)
		return 1;
	return SSL_get_error(t->ssl, n) == SSL_ERROR_WANT_READ ? 0 : TLS_FAILED;
}

ssize_t tls_read(struct tls *t, uint8_t *out, size_t size)
{
	size_t len = 0, n;

	ERR_clear_error();
	while (len < size && SSL_read_ex(t->ssl, out + len, size - len, &n) == 1)
		len += n;
	if (len > 0)
		return (ssize_t)len;
	switch (SSL_get_error(t->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	default:
		return TLS_FAILED;
	}
}

bool tls_write(struct tls *t, const uint8_t *data, size_t len)
{
	size_t n;

	ERR_clear_error();
	return SSL_write_ex(t->ssl, data, len, &n) == 1 && n == len;
}

void tls_close(struct tls *t)
{
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
}

const char *tls_reason(char *text, size_t size)
{
	unsigned long code = ERR_peek_last_error();

	if (code == 0)
		return "the peer ended the TLS session";
	ERR_error_string_n(code, text, size);
	return text;
}
