/* SPDX-License-Identifier: MIT */
#include "broker/core/connecting.h"
#include "broker/mqtt/encode.h"

/*
 * In Mosquitto's order: topic alias maximum, then what the CONNECT called for, then the limits,
 * so that a client which was tried against one meets no surprise with the other.
 */
struct span connecting_announce(struct connecting *k)
{
	struct writer w = writer_of(k->announced, sizeof(k->announced));
	const struct limits *limits = k->client->shard->limits;
	const struct policy *policy = k->client->policy;

	if (k->client->version != MQTT_5)
		return (struct span){ NULL, 0 };
	if (policy->max_topic_alias > 0)
		property_write_number(&w, PROPERTY_TOPIC_ALIAS_MAXIMUM, policy->max_topic_alias);
	if (k->is_assigned)
		property_write_text(&w, PROPERTY_ASSIGNED_CLIENT_IDENTIFIER, k->client_id);
	if (k->keep_alive != k->packet->keep_alive)
		property_write_number(&w, PROPERTY_SERVER_KEEP_ALIVE, k->keep_alive);
	if (!limits->retain_available)
		property_write_number(&w, PROPERTY_RETAIN_AVAILABLE, 0);
	if (limits->max_packet_size > 0)
		property_write_number(&w, PROPERTY_MAXIMUM_PACKET_SIZE,
				(uint32_t)limits->max_packet_size);
	if (limits->max_inflight_messages > 0)
		property_write_number(&w, PROPERTY_RECEIVE_MAXIMUM,
				(uint32_t)limits->max_inflight_messages);
	if (policy->max_qos < 2)
		property_write_number(&w, PROPERTY_MAXIMUM_QOS, policy->max_qos);
	return writer_span(&w);
}

bool connecting_takes(const struct connecting *k, struct span announced)
{
	return 5 + announced.len <= k->client->max_packet_size;
}

void connecting_send_connack(struct client *c, enum mqtt_reason reason, bool session_present,
		struct span announced)
{
	struct connack connack = { .version = c->version,
		.reason = reason,
		.session_present = session_present,
		.properties = announced };
	uint8_t packet[512];
	struct writer w = writer_of(packet, sizeof(packet));

	encode_connack(&w, &connack);
	client_send(c, PACKET_CONNACK, writer_span(&w));
}

/* As the property of a CONNACK, if there is one and the client takes a packet of that size. */
static struct span reason_string(const struct client *c, struct writer *w)
{
	struct span why = client_explanation(c);

	if (why.len == 0 || 5 + 3 + why.len > c->max_packet_size)
		return (struct span){ NULL, 0 };
	property_write_text(w, PROPERTY_REASON_STRING, why);
	return writer_span(w);
}

/* Before version 5 there is no code, and no answer, for what is not as specified. */
static bool is_answered(const struct client *c, enum mqtt_reason reason)
{
	return c->version == MQTT_5 ||
	       (reason != MQTT_MALFORMED_PACKET && reason != MQTT_PROTOCOL_ERROR &&
			       reason != MQTT_TOPIC_NAME_INVALID);
}

enum mqtt_reason connecting_refuse(struct client *c, struct span client_id, enum mqtt_reason reason)
{
	struct shard *shard = c->shard;
	uint8_t properties[256];
	struct writer w = writer_of(properties, sizeof(properties));

	shard->counters.connects_refused++;
	if (shard->observer.refused != NULL)
		shard->observer.refused(shard->observer.owner, c, client_id, reason);
	if (is_answered(c, reason))
		connecting_send_connack(c, reason, false, reason_string(c, &w));
	return reason;
}
