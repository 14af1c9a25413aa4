/* SPDX-License-Identifier: MIT */
#include "broker/core/message.h"

#include <assert.h>

#include "broker/core/publisher.h"
#include "broker/core/source.h"

static bool is_forwarded(enum property_id id)
{
	return id != PROPERTY_TOPIC_ALIAS && id != PROPERTY_SUBSCRIPTION_IDENTIFIER &&
	       id != PROPERTY_MESSAGE_EXPIRY_INTERVAL && id != PROPERTY_WILL_DELAY_INTERVAL;
}

static const uint64_t not_forwarded =
		1ULL << PROPERTY_TOPIC_ALIAS | 1ULL << PROPERTY_SUBSCRIPTION_IDENTIFIER |
		1ULL << PROPERTY_MESSAGE_EXPIRY_INTERVAL | 1ULL << PROPERTY_WILL_DELAY_INTERVAL;

/* A property of the name that only the broker gives. */
static bool is_forged(const struct property *p)
{
	return p->id == PROPERTY_USER_PROPERTY && publisher_owns_name(p->text);
}

/*
 * Copy the forwarded ones behind each other; returns their size. `to` has room for all. With
 * `is_trusted` without those that pretend to be the broker's.
 */
static size_t copy_properties(uint8_t *to, const struct properties *properties, bool is_trusted)
{
	uint64_t looked_at = not_forwarded | (is_trusted ? 1ULL << PROPERTY_USER_PROPERTY : 0);
	struct reader r = reader_of(properties->raw);
	struct property p;
	size_t len = 0;

	if ((properties->present & looked_at) == 0) {
		if (properties->raw.len > 0)
			memcpy(to, properties->raw.data, properties->raw.len);
		return properties->raw.len;
	}
	while (property_next(&r, &p)) {
		if (is_forwarded(p.id) && !(is_trusted && is_forged(&p))) {
			memcpy(to + len, p.raw.data, p.raw.len);
			len += p.raw.len;
		}
	}
	return len;
}

struct message *message_create_of(struct span publisher, struct span topic,
		const struct properties *properties, struct span payload, uint8_t qos, bool retain,
		struct instant now)
{
	bool has_properties = properties != NULL && properties->present != 0;
	size_t room = (has_properties ? properties->raw.len : 0) + publisher.len;
	struct message *m = xmalloc(sizeof(*m) + topic.len + room + payload.len);
	size_t len = 0;

	*m = (struct message){ .refs = 1,
		.payload_len = (uint32_t)payload.len,
		.topic_len = (uint16_t)topic.len,
		.publisher_len = (uint16_t)publisher.len,
		.qos = qos,
		.retain = retain,
		.expires = INSTANT_NEVER };
	memcpy(m->bytes, topic.data, topic.len);
	if (has_properties)
		len = copy_properties(m->bytes + topic.len, properties, publisher.len > 0);
	if (publisher.len > 0)
		memcpy(m->bytes + topic.len + len, publisher.data, publisher.len);
	m->properties_len = (uint32_t)(len + publisher.len);
	if (payload.len > 0)
		memcpy(m->bytes + topic.len + m->properties_len, payload.data, payload.len);
	if (has_properties && property_present(properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL))
		m->expires = instant_after(
				now, seconds(properties->values[PROPERTY_MESSAGE_EXPIRY_INTERVAL]
								     .number));
	return m;
}

struct message *message_create(struct span topic, const struct properties *properties,
		struct span payload, uint8_t qos, bool retain, struct instant now)
{
	return message_create_of(
			(struct span){ NULL, 0 }, topic, properties, payload, qos, retain, now);
}

struct message *message_create_again(struct span topic, struct span properties,
		uint16_t publisher_len, struct span payload)
{
	struct message *m = xmalloc(sizeof(*m) + topic.len + properties.len + payload.len);
	struct writer w = writer_of(m->bytes, topic.len + properties.len + payload.len);

	*m = (struct message){ .refs = 1,
		.payload_len = (uint32_t)payload.len,
		.properties_len = (uint32_t)properties.len,
		.topic_len = (uint16_t)topic.len,
		.publisher_len = publisher_len,
		.expires = INSTANT_NEVER };
	write_bytes(&w, topic);
	write_bytes(&w, properties);
	write_bytes(&w, payload);
	return m;
}

void message_count(struct message *m, struct message_sum *sum)
{
	if (m->counted_in != NULL)
		return;
	m->counted_in = sum;
	sum->count++;
	sum->bytes += message_size(m);
}

void message_unref(struct message *m)
{
	if (m == NULL)
		return;
	assert(m->refs > 0);
	if (--m->refs > 0)
		return;
	if (m->counted_in != NULL) {
		m->counted_in->count--;
		m->counted_in->bytes -= message_size(m);
	}
	source_unref(m->source);
	free(m);
}
