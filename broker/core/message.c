/* SPDX-License-Identifier: MIT */
#include "broker/core/message.h"

#include <assert.h>

#include "broker/core/source.h"

static bool is_forwarded(enum property_id id)
{
	return id != PROPERTY_TOPIC_ALIAS && id != PROPERTY_SUBSCRIPTION_IDENTIFIER &&
	       id != PROPERTY_MESSAGE_EXPIRY_INTERVAL && id != PROPERTY_WILL_DELAY_INTERVAL;
}

static const uint64_t not_forwarded =
		1ULL << PROPERTY_TOPIC_ALIAS | 1ULL << PROPERTY_SUBSCRIPTION_IDENTIFIER |
		1ULL << PROPERTY_MESSAGE_EXPIRY_INTERVAL | 1ULL << PROPERTY_WILL_DELAY_INTERVAL;

/* Copy the forwarded ones behind each other; returns their size. `to` has room for all. */
static size_t copy_properties(uint8_t *to, const struct properties *properties)
{
	struct reader r = reader_of(properties->raw);
	struct property p;
	size_t len = 0;

	if ((properties->present & not_forwarded) == 0) {
		if (properties->raw.len > 0)
			memcpy(to, properties->raw.data, properties->raw.len);
		return properties->raw.len;
	}
	while (property_next(&r, &p)) {
		if (is_forwarded(p.id)) {
			memcpy(to + len, p.raw.data, p.raw.len);
			len += p.raw.len;
		}
	}
	return len;
}

struct message *message_create(struct span topic, const struct properties *properties,
		struct span payload, uint8_t qos, bool retain, struct instant now)
{
	bool has_properties = properties != NULL && properties->present != 0;
	size_t room = has_properties ? properties->raw.len : 0;
	struct message *m = xmalloc(sizeof(*m) + topic.len + room + payload.len);

	m->refs = 1;
	m->source = NULL;
	m->payload_len = (uint32_t)payload.len;
	m->topic_len = (uint16_t)topic.len;
	m->qos = qos;
	m->retain = retain;
	m->expires = INSTANT_NEVER;
	m->counted_in = NULL;
	memcpy(m->bytes, topic.data, topic.len);
	m->properties_len =
			has_properties ? (uint32_t)copy_properties(m->bytes + topic.len, properties)
				       : 0;
	if (payload.len > 0)
		memcpy(m->bytes + topic.len + m->properties_len, payload.data, payload.len);
	if (has_properties && property_present(properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL))
		m->expires = instant_after(
				now, seconds(properties->values[PROPERTY_MESSAGE_EXPIRY_INTERVAL]
								     .number));
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
