/* SPDX-License-Identifier: MIT */
#include "broker/io/proxy_stream.h"

#include <errno.h>

#include "common/mem.h"
#include "common/str.h"

struct proxy_stream {
	struct stream base;
	struct proxy_rules rules;
	struct str head; /* start of a header that has not come whole */
	struct sockaddr_storage source;
	char *common_name; /* NULL: none */
};

static struct proxy_stream *proxy_of(struct stream *s)
{
	return container_of(s, struct proxy_stream, base);
}

static ssize_t fail(struct proxy_stream *p, const char *why)
{
	p->base.failure = why;
	return -EPROTO;
}

static ssize_t accept_header(struct proxy_stream *p, const struct proxy_header *h)
{
	if (p->rules.require_tls && !h->is_tls)
		return fail(p, "the client does not speak TLS to the proxy "
			       "(proxy_protocol_v2_require_tls)");
	if (p->rules.require_certificate && !h->has_certificate)
		return fail(p, "the client has shown the proxy no valid certificate "
			       "(require_certificate)");
	if (p->rules.use_identity && h->common_name.len == 0)
		return fail(p, "the proxy tells no common name of a valid certificate "
			       "(use_identity_as_username)");
	p->source = h->source;
	if (h->common_name.len > 0)
		p->common_name = span_dup_text(h->common_name);
	p->base.is_open = true;
	return 0;
}

/* The first bytes of a connection. What the header leaves of them moves to the front. */
static ssize_t take_header(struct proxy_stream *p, uint8_t *buffer, size_t len)
{
	size_t before = p->head.len;
	struct proxy_header header;
	enum proxy_result result;
	ssize_t error;

	str_append(&p->head, span_first(span_of(buffer, len), PROXY_HEADER_MAX - before));
	result = proxy_header_parse(str_span(&p->head), p->rules.version, &header);
	if (result == PROXY_INCOMPLETE)
		return -EAGAIN;
	if (result == PROXY_MALFORMED)
		return fail(p, "there is no PROXY header of the version that "
			       "enable_proxy_protocol says");
	error = accept_header(p, &header);
	str_finish(&p->head);
	if (error < 0)
		return error;
	len -= header.len - before;
	memmove(buffer, buffer + header.len - before, len);
	return len > 0 ? (ssize_t)len : -EAGAIN;
}

static ssize_t proxy_receive(struct stream *s, uint8_t *buffer, size_t size)
{
	ssize_t n = stream_receive(s->below, buffer, size);

	s->has_begun = s->has_begun || n > 0;
	return n <= 0 || s->is_open ? n : take_header(proxy_of(s), buffer, (size_t)n);
}

static ssize_t proxy_send(struct stream *s, const struct span *spans, size_t count)
{
	return stream_send(s->below, spans, count);
}

static bool proxy_wants_write(const struct stream *s)
{
	return stream_wants_write(s->below);
}

static void proxy_shutdown(struct stream *s)
{
	stream_shutdown(s->below);
}

static void proxy_destroy(struct stream *s)
{
	struct proxy_stream *p = proxy_of(s);

	stream_destroy(s->below);
	str_finish(&p->head);
	free(p->common_name);
	free(p);
}

const struct stream_class proxy_stream_class = {
	.name = "PROXY",
	.receive = proxy_receive,
	.send = proxy_send,
	.wants_write = proxy_wants_write,
	.shutdown = proxy_shutdown,
	.destroy = proxy_destroy,
};

struct stream *proxy_stream_create(struct stream *below, const struct proxy_rules *rules)
{
	struct proxy_stream *p = xcalloc(1, sizeof(*p));

	p->base = (struct stream){ .class = &proxy_stream_class, .below = below };
	p->rules = *rules;
	return &p->base;
}

const struct sockaddr_storage *proxy_stream_source(const struct stream *s)
{
	return &((const struct proxy_stream *)(const void *)s)->source;
}

const char *proxy_stream_common_name(const struct stream *s)
{
	const struct proxy_stream *p = (const void *)s; /* `base` is its first member */

	return p->common_name != NULL ? p->common_name : "";
}
