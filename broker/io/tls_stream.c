/* SPDX-License-Identifier: MIT */
#include "broker/io/tls_stream.h"

#include <errno.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/mem.h"

enum {
	RECORD_HEADER = 5,
	RECORD_PAYLOAD = SSL3_RT_MAX_PLAIN_LENGTH, /* 16 kB */
	RECORD_SIZE = SSL3_RT_MAX_ENCRYPTED_LENGTH + RECORD_HEADER,
	HANDSHAKE_RECORD = 22, /* its first byte */

	INPUT_SIZE = 128 * 1024,
	OUTPUT_SIZE = 64 * 1024 + RECORD_SIZE,
	/* A call of send() takes no more, so that one fast reader does not hold up the others. */
	SEND_BURST = 256 * 1024,
	/* Nobody has so much left to read whose handshakes and changes of keys are still answered;
	   what payload leaves over is less. */
	MAX_UNREAD = 128 * 1024,
};

struct tls_workspace {
	BIO_METHOD *method;
	size_t input_at, input_len, output_len;
	uint8_t input[INPUT_SIZE];	  /* ciphertext that came */
	uint8_t output[OUTPUT_SIZE];	  /* ciphertext to be sent; empty between calls */
	uint8_t gathered[RECORD_PAYLOAD]; /* plaintext of one record */
};

/* Bytes that have to wait. */
struct remainder {
	uint8_t *data; /* owned; NULL: none */
	size_t at, len;
};

struct tls_stream {
	struct stream base;
	struct tls_workspace *space; /* borrowed */
	struct tls_context *context; /* a reference */
	SSL *ssl;		     /* NULL: a server that has not got the first record yet */
	struct tls_peer peer;
	struct remainder hello;	 /* the start of the first record */
	struct remainder unsent; /* ciphertext */
	struct str reason;	 /* behind base.failure */
	int error;		 /* of sending, negative; 0: none */
	bool is_broken;		 /* OpenSSL has given up on it */
};

static struct tls_stream *tls_of(struct stream *s)
{
	return container_of(s, struct tls_stream, base);
}

static const struct tls_stream *const_tls_of(const struct stream *s)
{
	return tls_of((struct stream *)(uintptr_t)s); /* container_of knows no const */
}

/* --- OpenSSL's ends of the shared buffers --------------------------------------------------- */

static int bio_read(BIO *bio, char *at, int size)
{
	struct tls_workspace *space = ((struct tls_stream *)BIO_get_data(bio))->space;
	size_t n = space->input_len - space->input_at;

	BIO_clear_retry_flags(bio);
	if (n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (n > (size_t)size)
		n = (size_t)size;
	memcpy(at, space->input + space->input_at, n);
	space->input_at += n;
	return (int)n;
}

static void keep(struct remainder *r, const uint8_t *data, size_t len)
{
	r->data = xrealloc(r->data, r->len + len);
	memcpy(r->data + r->len, data, len);
	r->len += len;
}

static void forget(struct remainder *r)
{
	free(r->data);
	*r = (struct remainder){ 0 };
}

/* Returns what the stream below took; its errors are remembered. */
static size_t pass_down(struct tls_stream *t, const uint8_t *data, size_t len)
{
	struct span span = span_of(data, len);
	ssize_t n = stream_send(t->base.below, &span, 1);

	if (n < 0 && n != -EAGAIN)
		t->error = (int)n;
	return n > 0 ? (size_t)n : 0;
}

/* Send what has been encrypted; what does not get out waits. */
static void push_output(struct tls_stream *t)
{
	struct tls_workspace *space = t->space;
	size_t sent = 0;

	if (space->output_len > 0 && t->error == 0) {
		if (t->unsent.len == 0)
			sent = pass_down(t, space->output, space->output_len);
		if (sent < space->output_len)
			keep(&t->unsent, space->output + sent, space->output_len - sent);
	}
	space->output_len = 0;
}

static int bio_write(BIO *bio, const char *data, int len)
{
	struct tls_stream *t = BIO_get_data(bio);
	struct tls_workspace *space = t->space;
	size_t rest = (size_t)len;

	BIO_clear_retry_flags(bio);
	while (rest > 0) {
		size_t n = OUTPUT_SIZE - space->output_len;

		if (n > rest)
			n = rest;
		memcpy(space->output + space->output_len, data, n);
		space->output_len += n;
		data += n;
		rest -= n;
		if (space->output_len == OUTPUT_SIZE)
			push_output(t);
	}
	return len;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH; /* push_output() is never far */
}

struct tls_workspace *tls_workspace_create(void)
{
	struct tls_workspace *space = xmalloc(sizeof(*space));

	space->input_at = space->input_len = space->output_len = 0;
	space->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "shared buffers");
	if (space->method == NULL)
		abort(); /* memory alone can be missing */
	BIO_meth_set_read(space->method, bio_read);
	BIO_meth_set_write(space->method, bio_write);
	BIO_meth_set_ctrl(space->method, bio_control);
	return space;
}

void tls_workspace_destroy(struct tls_workspace *space)
{
	if (space == NULL)
		return;
	BIO_meth_free(space->method);
	wipe(space, sizeof(*space));
	free(space);
}

/* --- the stream ----------------------------------------------------------------------------- */

static void start(struct tls_stream *t)
{
	BIO *bio = BIO_new(t->space->method);

	if (bio == NULL)
		abort(); /* memory alone can be missing */
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	t->ssl = tls_open(t->context, &t->peer);
	SSL_set_bio(t->ssl, bio, bio); /* takes it */
}

struct stream *tls_stream_create(
		struct stream *below, struct tls_context *context, struct tls_workspace *space)
{
	struct tls_stream *t = xcalloc(1, sizeof(*t));

	t->base.class = &tls_stream_class;
	t->base.below = below;
	t->space = space;
	t->context = tls_context_ref(context);
	if (!tls_context_is_server(context))
		start(t);
	return &t->base;
}

static void tls_destroy(struct stream *s)
{
	struct tls_stream *t = tls_of(s);

	SSL_free(t->ssl);
	tls_context_unref(t->context);
	tls_peer_finish(&t->peer);
	forget(&t->hello);
	forget(&t->unsent);
	str_finish(&t->reason);
	stream_destroy(s->below);
	free(t);
}

static ssize_t fail(struct tls_stream *t)
{
	str_clear(&t->reason);
	tls_append_reason(&t->reason, t->ssl);
	t->base.failure = str_text(&t->reason);
	t->base.is_ended = true;
	t->is_broken = true;
	return -EPROTO;
}

static ssize_t fail_unread(struct tls_stream *t)
{
	t->base.failure = "the peer does not read the answers that it wants";
	t->base.is_ended = true;
	t->is_broken = true;
	return -EPROTO;
}

/* What can be told of `operation`, which has returned `result` below 1. 0: it wants more. */
static ssize_t explain(struct tls_stream *t, int result)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		t->base.is_ended = true;
		return 0;
	default:
		return fail(t);
	}
}

/* --- receiving ------------------------------------------------------------------------------ */

/*
 * Is the first record here? 1 yes, -EAGAIN not all of it, -EPROTO it is something else. Whoever
 * speaks MQTT or HTTP to this port is told by his first byte.
 */
static ssize_t check_hello(struct tls_stream *t)
{
	const uint8_t *in = t->space->input;
	size_t len = t->space->input_len, record;

	if (in[0] != HANDSHAKE_RECORD || (len > 1 && in[1] != SSL3_VERSION_MAJOR)) {
		t->base.failure = "this is not TLS";
		return -EPROTO;
	}
	record = len < RECORD_HEADER ? RECORD_HEADER : RECORD_HEADER + ((size_t)in[3] << 8 | in[4]);
	if (record > RECORD_SIZE) {
		t->base.failure = "this is not TLS";
		return -EPROTO;
	}
	forget(&t->hello);
	if (len >= record)
		return 1;
	keep(&t->hello, in, len);
	return -EAGAIN;
}

/*
 * Ciphertext into the shared buffer, so much that its plaintext, with that of a record OpenSSL
 * holds the start of, fits into `size` bytes. Returns as receive() does.
 */
static ssize_t fetch(struct tls_stream *t, size_t size)
{
	struct tls_workspace *space = t->space;
	size_t kept = t->hello.len, room = INPUT_SIZE - kept;
	ssize_t n;

	if (room > size - RECORD_SIZE)
		room = size - RECORD_SIZE;
	if (kept > 0)
		memcpy(space->input, t->hello.data, kept);
	n = stream_receive(t->base.below, space->input + kept, room);
	if (n <= 0)
		return n;
	t->base.has_begun = true;
	space->input_at = 0;
	space->input_len = kept + (size_t)n;
	if (t->ssl != NULL)
		return n;
	n = check_hello(t);
	if (n > 0)
		start(t);
	return n;
}

static ssize_t tls_receive(struct stream *s, uint8_t *buffer, size_t size)
{
	struct tls_stream *t = tls_of(s);
	size_t total = 0;
	ssize_t verdict = fetch(t, size);
	int n;

	if (verdict <= 0)
		return verdict;
	ERR_clear_error();
	while ((n = SSL_read(t->ssl, buffer + total, (int)(size - total))) > 0)
		total += (size_t)n;
	verdict = explain(t, n);
	t->space->input_len = t->space->input_at = 0;
	push_output(t); /* the handshake's next words, or why it failed */
	if (!s->is_open && verdict == 0)
		s->is_open = SSL_is_init_finished(t->ssl);
	if (verdict == 0 && t->error < 0) {
		s->is_ended = true;
		verdict = t->error;
	}
	if (verdict == 0 && t->unsent.len - t->unsent.at > MAX_UNREAD)
		verdict = fail_unread(t);
	if (total > 0)
		return (ssize_t)total;
	return verdict < 0 ? verdict : s->is_ended ? 0 : -EAGAIN;
}

/* --- sending -------------------------------------------------------------------------------- */

static bool tls_wants_write(const struct stream *s)
{
	const struct tls_stream *t = const_tls_of(s);
	bool is_silent_client = !s->has_begun && t->ssl != NULL && !s->is_open;

	return t->unsent.len > 0 || stream_wants_write(s->below) ||
	       (is_silent_client && SSL_in_before(t->ssl));
}

/* The next record's plaintext from the spans, `*at` bytes into the first. */
static struct span gather(
		struct tls_workspace *space, const struct span **spans, size_t *count, size_t *at)
{
	size_t len = 0;

	while (*count > 0 && len < RECORD_PAYLOAD) {
		struct span rest = span_from(**spans, *at);
		struct span part = span_first(rest, RECORD_PAYLOAD - len);
		bool is_all_of_it = len == 0 && (part.len == RECORD_PAYLOAD || *count == 1);

		*at += part.len;
		if (*at == (*spans)->len) {
			(*spans)++;
			(*count)--;
			*at = 0;
		}
		if (is_all_of_it)
			return part; /* as it lies there */
		memcpy(space->gathered + len, part.data, part.len);
		len += part.len;
	}
	return span_of(space->gathered, len);
}

/* Get rid of what was left over. True when all is gone. */
static bool push_unsent(struct tls_stream *t)
{
	struct remainder *r = &t->unsent;

	if (r->len == 0)
		return true;
	r->at += pass_down(t, r->data + r->at, r->len - r->at);
	if (r->at < r->len)
		return false;
	forget(r);
	return true;
}

/* Encrypt and send from the spans until the socket is full. Returns the bytes taken, or -errno. */
static ssize_t encrypt(struct tls_stream *t, const struct span *spans, size_t count)
{
	size_t taken = 0, at = 0;

	while (count > 0 && taken < SEND_BURST && t->unsent.len == 0) {
		struct span record = gather(t->space, &spans, &count, &at);
		int n = SSL_write(t->ssl, record.data, (int)record.len);

		if (n <= 0)
			return explain(t, n) < 0 ? -EPROTO : (ssize_t)taken;
		taken += (size_t)n;
		if (OUTPUT_SIZE - t->space->output_len < RECORD_SIZE)
			push_output(t);
	}
	return (ssize_t)taken;
}

static ssize_t tls_send(struct stream *s, const struct span *spans, size_t count)
{
	struct tls_stream *t = tls_of(s);
	ssize_t taken = 0;

	if (!push_unsent(t) && t->error == 0)
		return count > 0 ? -EAGAIN : 0;
	ERR_clear_error();
	if (!s->is_open && t->ssl != NULL) {
		int n = SSL_do_handshake(t->ssl);

		if (n < 1)
			taken = explain(t, n);
	} else if (count > 0 && t->error == 0) {
		taken = encrypt(t, spans, count);
	}
	push_output(t);
	return taken < 0 ? taken : t->error < 0 ? t->error : taken;
}

static void tls_shutdown(struct stream *s)
{
	struct tls_stream *t = tls_of(s);

	if (s->is_open && !t->is_broken && t->error == 0) {
		ERR_clear_error();
		SSL_shutdown(t->ssl);
		push_output(t);
	}
	stream_shutdown(s->below);
}

const struct stream_class tls_stream_class = {
	.name = "TLS",
	.receive = tls_receive,
	.send = tls_send,
	.wants_write = tls_wants_write,
	.shutdown = tls_shutdown,
	.destroy = tls_destroy,
};

/* --- who is at the other end ---------------------------------------------------------------- */

const struct tls_context *tls_stream_context(const struct stream *s)
{
	return const_tls_of(s)->context;
}

bool tls_stream_peer_name(const struct stream *s, enum tls_name kind, struct str *name)
{
	const struct tls_stream *t = const_tls_of(s);

	return tls_peer_name(t->ssl, &t->peer, kind, name);
}

bool tls_stream_still_valid(const struct stream *s, const struct tls_context *context)
{
	const struct tls_stream *t = const_tls_of(s);

	return tls_peer_still_valid(context, t->ssl, &t->peer);
}
