/* SPDX-License-Identifier: MIT */
#include "broker/core/publisher.h"

#include "broker/core/access.h"

static const struct span client_name = SPAN("belfry-client"), user_name = SPAN("belfry-user"),
			 address_name = SPAN("belfry-address");

static void append(struct str *into, struct span name, struct span value)
{
	size_t size = 1 + 2 + name.len + 2 + value.len;
	struct writer w;

	str_reserve(into, size);
	w = writer_of(into->text + into->len, size);
	write_u8(&w, PROPERTY_USER_PROPERTY);
	write_block16(&w, name);
	write_block16(&w, value);
	into->len += size;
}

static void build(struct client *c)
{
	const struct shard *shard = c->shard;
	struct str address = { 0 };

	append(&c->publisher, client_name, session_id(c->session));
	if (c->session->username != NULL)
		append(&c->publisher, user_name, session_username(c->session));
	if (shard->describe_peer != NULL) {
		shard->describe_peer(c, &address);
		append(&c->publisher, address_name, str_span(&address));
	}
	str_finish(&address);
}

struct span publisher_properties(struct client *c)
{
	if (!c->shard->limits->publisher_properties)
		return (struct span){ NULL, 0 };
	if (c->publisher.len == 0)
		build(c);
	return str_span(&c->publisher);
}

bool publisher_is_told(const struct session *s)
{
	return s->client->shard->limits->publisher_properties &&
	       access_may(s, span_of_text(PUBLISHER_RIGHT), ACL_READ);
}

bool publisher_owns_name(struct span name)
{
	return span_equal(name, client_name) || span_equal(name, user_name) ||
	       span_equal(name, address_name);
}
