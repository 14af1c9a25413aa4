/* SPDX-License-Identifier: MIT */
/*
 * CONNACK, SUBACK, UNSUBACK, PINGRESP and DISCONNECT: what another broker answers to a bridge.
 */
#include "broker/core/bridge.h"
#include "broker/core/protocol.h"
#include "broker/mqtt/client_packets.h"

static uint32_t smaller(uint32_t a, uint64_t limit)
{
	return limit > 0 && limit < a ? (uint32_t)limit : a;
}

/* What the other broker lets its clients do (v5 3.2.2.3). */
static void take_limits(struct client *c, const struct properties *p)
{
	const struct bridge_options *o = &c->bridge->options;
	const struct limits *limits = c->shard->limits;

	c->max_packet_size = smaller(property_number(p, PROPERTY_MAXIMUM_PACKET_SIZE,
						     MAX_REMAINING_LENGTH + MAX_FIXED_HEADER),
			o->max_packet_size);
	c->max_inflight = smaller(property_number(p, PROPERTY_RECEIVE_MAXIMUM, UINT16_MAX),
			limits->max_inflight_messages);
	c->max_qos = (uint8_t)property_number(p, PROPERTY_MAXIMUM_QOS, 2);
	c->takes_retain =
			o->outgoing_retain && property_number(p, PROPERTY_RETAIN_AVAILABLE, 1) != 0;
	c->keep_alive = (uint16_t)property_number(p, PROPERTY_SERVER_KEEP_ALIVE, o->keep_alive);
}

enum mqtt_reason protocol_connack(struct client *c, const struct frame *frame, struct instant now)
{
	struct connack_packet packet;
	enum mqtt_reason reason = decode_connack(frame, c->version, &packet);

	if (reason != MQTT_SUCCESS)
		return reason;
	if (packet.reason != MQTT_SUCCESS) {
		c->closed_by_peer = true; /* nothing more is sent [v5 MQTT-3.2.2-7] */
		bridge_learn_refusal(c->bridge, packet.reason);
		return packet.reason;
	}
	take_limits(c, &packet.properties);
	bridge_accepted(c->bridge, packet.session_present, now);
	return MQTT_SUCCESS;
}

enum mqtt_reason protocol_suback(struct client *c, const struct frame *frame, struct instant now)
{
	struct suback_packet packet;
	enum mqtt_reason reason = decode_suback(frame, c->version, &packet);
	uint8_t code;

	if (reason != MQTT_SUCCESS)
		return reason;
	if (packet.codes.len > 1) /* each packet asked for one filter */
		return MQTT_PROTOCOL_ERROR;
	code = packet.codes.len == 1 ? packet.codes.data[0] : MQTT_SUCCESS;
	return bridge_answered(c->bridge, packet.packet_id, (enum mqtt_reason)code, now)
			       ? MQTT_SUCCESS
			       : MQTT_PROTOCOL_ERROR;
}

enum mqtt_reason protocol_pingresp(struct client *c, const struct frame *frame, struct instant now)
{
	(void)c;
	(void)now; /* that anything came is what counts */
	return decode_pingresp(frame);
}

enum mqtt_reason protocol_server_disconnect(
		struct client *c, const struct frame *frame, struct instant now)
{
	struct disconnect_packet packet;
	enum mqtt_reason reason;

	if (c->version < MQTT_5)
		return MQTT_PROTOCOL_ERROR;
	reason = decode_disconnect(frame, c->version, &packet);
	if (reason != MQTT_SUCCESS)
		return reason;
	c->closed_by_peer = true;
	c->bridge->how_it_ends = BRIDGE_DISCONNECTED;
	client_close(c, packet.reason, now);
	return MQTT_SUCCESS;
}
