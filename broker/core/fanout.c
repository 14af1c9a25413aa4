/* SPDX-License-Identifier: MIT */
#include "broker/core/fanout.h"

#include "broker/core/bridge.h"
#include "broker/core/mount.h"
#include "broker/mqtt/encode.h"

enum {
	LAYOUT_HAS_ID = 1,
	LAYOUT_V5 = 2,
	LAYOUT_ALIAS = 4,
	LAYOUT_PUBLISHER = 8,
	LAYOUT_OWN = FANOUT_LAYOUTS,
};

_Static_assert(FANOUT_LAYOUTS > (LAYOUT_HAS_ID | LAYOUT_V5 | LAYOUT_ALIAS | LAYOUT_PUBLISHER),
		"one for each set");

/* What a PUBLISH looks like. */
struct shape {
	enum mqtt_version version;
	bool has_id, has_alias;
	bool has_publisher;		    /* the receiver may see who published */
	struct span topic;		    /* empty where the alias stands for it */
	const struct subscription_ids *ids; /* or NULL */
};

static struct span encode_expiry(uint8_t at[8], const struct message *m, struct instant now)
{
	struct writer w = writer_of(at, 8);
	int64_t left;

	if (m->expires.ns == INSTANT_NEVER.ns)
		return (struct span){ NULL, 0 };
	/* [v5 MQTT-3.3.2-6]: the interval received less the time that the message has waited */
	left = (instant_between(now, m->expires).ns + 999999999) / 1000000000;
	property_write_number(&w, PROPERTY_MESSAGE_EXPIRY_INTERVAL, left > 0 ? (uint32_t)left : 0);
	return writer_span(&w);
}

static void set_properties(struct publish_form *form, const struct shape *shape,
		const struct message *m, uint8_t expiry[8], struct instant now)
{
	static const uint8_t alias[] = { PROPERTY_TOPIC_ALIAS, 0, 0 };

	if (shape->has_alias)
		form->properties[0] = span_of(alias, sizeof(alias));
	if (shape->ids != NULL)
		form->properties[1] = span_of(shape->ids->bytes, shape->ids->len);
	form->properties[2] = encode_expiry(expiry, m, now);
	form->properties[3] =
			shape->has_publisher ? message_properties(m) : message_plain_properties(m);
}

static struct wire serialise(struct str *scratch, const struct message *m,
		const struct shape *shape, struct instant now)
{
	uint8_t expiry[8];
	struct publish_form form = { .version = shape->version,
		.has_packet_id = shape->has_id,
		.topic = shape->topic,
		.payload_len = m->payload_len };
	struct wire wire = { .by_reference = m->payload_len > OUTPUT_COPY_LIMIT };
	size_t properties_at;
	struct writer w;

	if (shape->version == MQTT_5)
		set_properties(&form, shape, m, expiry, now);
	wire.size = publish_size(&form);
	str_clear(scratch);
	str_reserve(scratch, wire.size - (wire.by_reference ? m->payload_len : 0));
	w = writer_of(scratch->text, scratch->capacity);
	properties_at = encode_publish_header(&w, &form, &wire.id_at);
	wire.alias_at = shape->has_alias ? properties_at + 1 : 0; /* behind its identifier */
	if (!wire.by_reference)
		write_bytes(&w, message_payload(m));
	wire.bytes = writer_span(&w);
	return wire;
}

uint32_t fanout_hash(struct fanout *f)
{
	if (f->hash == 0)
		f->hash = hash_span(f->shard->sessions.seed, message_topic(f->message));
	return f->hash;
}

/* The alias that stands for the topic, or one that may from now on; 0: none. */
static void find_alias(struct fanout *f, const struct client *c, const struct delivery *d)
{
	struct span topic = message_topic(f->message);

	f->alias = 0;
	f->is_new_alias = false;
	if (c->sent_aliases.max == 0)
		return;
	f->alias = sent_alias_find(&c->sent_aliases, topic, fanout_hash(f));
	/* What may have to wait for the store tells no alias that others could use before. */
	if (f->alias > 0 || (d->qos == 2 && c->session->is_durable))
		return;
	f->alias = sent_alias_next(&c->sent_aliases, topic);
	f->is_new_alias = f->alias > 0;
}

static const struct wire *serialise_own(
		struct fanout *f, const struct shape *shape, struct wire *own)
{
	*own = serialise(&f->shard->scratch[LAYOUT_OWN], f->message, shape, f->now);
	return own;
}

static const struct wire *serialise_shared(struct fanout *f, const struct shape *shape)
{
	unsigned layout = (shape->has_id ? LAYOUT_HAS_ID : 0) |
			  (shape->version == MQTT_5 ? LAYOUT_V5 : 0) |
			  (shape->has_alias ? LAYOUT_ALIAS : 0) |
			  (shape->has_publisher ? LAYOUT_PUBLISHER : 0);

	if ((f->ready >> layout & 1) == 0) {
		f->shard->wires[layout] =
				serialise(&f->shard->scratch[layout], f->message, shape, f->now);
		f->ready |= 1U << layout;
	}
	return &f->shard->wires[layout];
}

/* The packet for a bridge; one of no possible size when the message has no name there. */
static const struct wire *wire_of_bridge(
		struct fanout *f, const struct client *c, struct shape *shape, struct wire *own)
{
	f->is_new_alias = false;
	shape->topic = bridge_map_out(c->bridge, message_topic(f->message), f->now);
	if (shape->topic.data != NULL)
		return serialise_own(f, shape, own);
	*own = (struct wire){ .size = SIZE_MAX };
	return own;
}

const struct wire *fanout_wire(struct fanout *f, const struct client *c, const struct delivery *d,
		struct wire *own)
{
	const struct span topic = mount_out(c->policy, message_topic(f->message));
	struct shape shape = { .version = c->version, .has_id = d->qos > 0, .topic = topic };
	bool is_mounted = c->policy->mount_point != NULL;
	const struct wire *wire;

	if (unlikely(c->bridge != NULL))
		return wire_of_bridge(f, c, &shape, own);
	if (c->version < MQTT_5)
		return is_mounted ? serialise_own(f, &shape, own) : serialise_shared(f, &shape);
	shape.ids = d->ids;
	shape.has_publisher = c->sees_publishers && f->message->publisher_len > 0;
	find_alias(f, c, d);
	shape.has_alias = f->alias > 0;
	if (f->alias > 0 && !f->is_new_alias)
		shape.topic = span_of("", 0);
	wire = d->ids != NULL || f->is_new_alias || is_mounted ? serialise_own(f, &shape, own)
							       : serialise_shared(f, &shape);
	if (!f->is_new_alias || wire->size <= c->max_packet_size)
		return wire;
	/* Without the alias it may still be what the client takes. */
	f->is_new_alias = false;
	shape.has_alias = false;
	return serialise_own(f, &shape, own);
}

static void write_u16_at(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void fanout_send(struct fanout *f, struct client *c, const struct wire *wire,
		const struct delivery *d, uint16_t packet_id, bool dup)
{
	uint8_t *at = client_reserve(
			c, PACKET_PUBLISH, wire->bytes.len, wire->size - wire->bytes.len);

	memcpy(at, wire->bytes.data, wire->bytes.len);
	at[0] = publish_first_byte(d->qos, d->retain && c->takes_retain, dup);
	if (d->qos > 0)
		write_u16_at(at + wire->id_at, packet_id);
	if (wire->alias_at > 0) {
		write_u16_at(at + wire->alias_at, f->alias);
		if (f->is_new_alias)
			sent_alias_add(&c->sent_aliases, message_topic(f->message), f->hash);
	}
	if (wire->by_reference)
		client_append_payload(c, d->message);
	c->shard->counters.publish_sent++;
	c->shard->counters.publish_bytes_sent += d->message->payload_len;
}
