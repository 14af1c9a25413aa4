/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/decode.h"

#include "common/utf8.h"

/* Bits of the connect flags (v5 3.1.2.3). */
enum {
	CONNECT_RESERVED = 0x01,
	CONNECT_CLEAN_START = 0x02,
	CONNECT_WILL = 0x04,
	CONNECT_WILL_QOS_SHIFT = 3,
	CONNECT_WILL_RETAIN = 0x20,
	CONNECT_PASSWORD = 0x40,
	CONNECT_USER_NAME = 0x80,
	CONNECT_BRIDGE_LEVEL = 0x80, /* of the protocol level */
};

/* Bits of the fixed header of a PUBLISH (v5 3.3.1). */
enum { PUBLISH_RETAIN = 0x01, PUBLISH_QOS_SHIFT = 1, PUBLISH_DUP = 0x08 };

static struct span read_text(struct reader *r)
{
	struct span text = read_block16(r);

	if (!utf8_valid_mqtt(text))
		reader_fail(r);
	return text;
}

static enum mqtt_reason finish(const struct reader *r)
{
	return reader_failed(r) || reader_left(r) > 0 ? MQTT_MALFORMED_PACKET : MQTT_SUCCESS;
}

static void set_none(struct properties *p)
{
	p->present = 0;
	p->raw = (struct span){ NULL, 0 };
}

static enum mqtt_reason read_properties(struct reader *r, enum mqtt_version version,
		enum packet_type where, struct properties *ret)
{
	set_none(ret);
	if (version < MQTT_5)
		return MQTT_SUCCESS;
	return properties_decode(r, where, ret);
}

/* [v5 MQTT-3.1.2-1], [v5 MQTT-3.1.2-2] */
static enum mqtt_reason read_protocol(struct reader *r, struct connect_packet *ret)
{
	struct span name = read_block16(r);
	uint8_t level = read_u8(r);
	uint8_t version = level & (CONNECT_BRIDGE_LEVEL - 1);

	ret->version = MQTT_3_1_1;
	ret->is_bridge = (level & CONNECT_BRIDGE_LEVEL) != 0;
	if (reader_failed(r))
		return MQTT_MALFORMED_PACKET;
	if (span_equal_text(name, "MQIsdp") && version == MQTT_3_1) {
		ret->version = MQTT_3_1;
		return MQTT_SUCCESS;
	}
	if (!span_equal_text(name, "MQTT"))
		return span_equal_text(name, "MQIsdp") ? MQTT_UNSUPPORTED_PROTOCOL_VERSION
						       : MQTT_PROTOCOL_ERROR;
	if (version == MQTT_3_1_1 || (version == MQTT_5 && !ret->is_bridge)) {
		ret->version = (enum mqtt_version)version;
		return MQTT_SUCCESS;
	}
	if (version > MQTT_5)
		ret->version = MQTT_5;
	return MQTT_UNSUPPORTED_PROTOCOL_VERSION;
}

static enum mqtt_reason check_connect_flags(uint8_t flags, enum mqtt_version version)
{
	uint8_t will_qos = flags >> CONNECT_WILL_QOS_SHIFT & 3;

	/* [v5 MQTT-3.1.2-3]; 3.1 leaves the bit undefined */
	if (flags & CONNECT_RESERVED && version != MQTT_3_1)
		return MQTT_MALFORMED_PACKET;
	if (will_qos == 3) /* [v5 MQTT-3.1.2-12] */
		return MQTT_MALFORMED_PACKET;
	/* [v5 MQTT-3.1.2-11, MQTT-3.1.2-13] */
	if ((flags & CONNECT_WILL) == 0 && (will_qos > 0 || flags & CONNECT_WILL_RETAIN))
		return MQTT_MALFORMED_PACKET;
	/* [v3 MQTT-3.1.2-22]; version 5 allows a password alone */
	if (version < MQTT_5 && flags & CONNECT_PASSWORD && (flags & CONNECT_USER_NAME) == 0)
		return MQTT_MALFORMED_PACKET;
	return MQTT_SUCCESS;
}

static enum mqtt_reason read_will(struct reader *r, uint8_t flags, struct connect_packet *ret)
{
	enum mqtt_reason reason;

	ret->will.qos = flags >> CONNECT_WILL_QOS_SHIFT & 3;
	ret->will.retain = (flags & CONNECT_WILL_RETAIN) != 0;
	reason = read_properties(r, ret->version, PACKET_WILL, &ret->will.properties);
	if (reason != MQTT_SUCCESS)
		return reason;
	ret->will.topic = read_text(r);
	ret->will.payload = read_block16(r);
	return reader_failed(r) ? MQTT_MALFORMED_PACKET : MQTT_SUCCESS;
}

static enum mqtt_reason check_connect_properties(const struct properties *p)
{
	/* Authentication data without a method is a protocol error (v5 3.1.2.11.10). */
	if (property_present(p, PROPERTY_AUTHENTICATION_DATA) &&
			!property_present(p, PROPERTY_AUTHENTICATION_METHOD))
		return MQTT_PROTOCOL_ERROR;
	return MQTT_SUCCESS;
}

enum mqtt_reason decode_connect(const struct frame *frame, struct connect_packet *ret)
{
	struct reader r = reader_of(frame->body);
	enum mqtt_reason reason;
	uint8_t flags;

	if (frame->flags != 0)
		return MQTT_MALFORMED_PACKET;
	reason = read_protocol(&r, ret);
	if (reason != MQTT_SUCCESS)
		return reason;
	flags = read_u8(&r);
	reason = check_connect_flags(flags, ret->version);
	if (reason != MQTT_SUCCESS)
		return reason;
	ret->clean_start = (flags & CONNECT_CLEAN_START) != 0;
	ret->keep_alive = read_u16(&r);
	reason = read_properties(&r, ret->version, PACKET_CONNECT, &ret->properties);
	if (reason != MQTT_SUCCESS)
		return reason;
	ret->client_id = read_text(&r);
	ret->has_will = (flags & CONNECT_WILL) != 0;
	if (ret->has_will && (reason = read_will(&r, flags, ret)) != MQTT_SUCCESS)
		return reason;
	ret->has_user_name = (flags & CONNECT_USER_NAME) != 0;
	ret->user_name = ret->has_user_name ? read_text(&r) : (struct span){ NULL, 0 };
	ret->has_password = (flags & CONNECT_PASSWORD) != 0;
	ret->password = ret->has_password ? read_block16(&r) : (struct span){ NULL, 0 };
	reason = finish(&r);
	return reason != MQTT_SUCCESS ? reason : check_connect_properties(&ret->properties);
}

static enum mqtt_reason check_publish(const struct publish_packet *p)
{
	if (p->qos == 3) /* [v5 MQTT-3.3.1-4] */
		return MQTT_MALFORMED_PACKET;
	if (p->qos == 0 && p->dup) /* [v5 MQTT-3.3.1-2] */
		return MQTT_MALFORMED_PACKET;
	if (p->qos > 0 && p->packet_id == 0) /* [v5 MQTT-2.2.1-3] */
		return MQTT_PROTOCOL_ERROR;
	return MQTT_SUCCESS;
}

static enum mqtt_reason check_publish_properties(const struct properties *p)
{
	/* Only a server sends it [v5 MQTT-3.3.4-6]. */
	if (property_present(p, PROPERTY_SUBSCRIPTION_IDENTIFIER))
		return MQTT_PROTOCOL_ERROR;
	if (property_present(p, PROPERTY_TOPIC_ALIAS) &&
			p->values[PROPERTY_TOPIC_ALIAS].number == 0)
		return MQTT_TOPIC_ALIAS_INVALID; /* [v5 MQTT-3.3.2-8] */
	return MQTT_SUCCESS;
}

enum mqtt_reason decode_publish(
		const struct frame *frame, enum mqtt_version version, struct publish_packet *ret)
{
	struct reader r = reader_of(frame->body);
	enum mqtt_reason reason;

	ret->dup = (frame->flags & PUBLISH_DUP) != 0;
	ret->qos = frame->flags >> PUBLISH_QOS_SHIFT & 3;
	ret->retain = (frame->flags & PUBLISH_RETAIN) != 0;
	ret->topic = read_block16(&r);
	ret->packet_id = ret->qos > 0 ? read_u16(&r) : 0;
	if (reader_failed(&r))
		return MQTT_MALFORMED_PACKET;
	reason = check_publish(ret);
	if (reason != MQTT_SUCCESS)
		return reason;
	reason = read_properties(&r, version, PACKET_PUBLISH, &ret->properties);
	if (reason != MQTT_SUCCESS)
		return reason;
	ret->payload = read_rest(&r);
	return ret->properties.present == 0 ? MQTT_SUCCESS
					    : check_publish_properties(&ret->properties);
}

/* Which reason codes a client may send in which acknowledgement (v5 3.4.2.1, 3.6.2.1). */
static bool ack_reason_allowed(enum packet_type type, uint8_t code)
{
	static const uint8_t publish[] = { 0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99 };

	if (type == PACKET_PUBREL || type == PACKET_PUBCOMP)
		return code == MQTT_SUCCESS || code == MQTT_PACKET_IDENTIFIER_NOT_FOUND;
	return memchr(publish, code, sizeof(publish)) != NULL;
}

enum mqtt_reason decode_ack(
		const struct frame *frame, enum mqtt_version version, struct ack_packet *ret)
{
	struct reader r = reader_of(frame->body);
	/* [v5 MQTT-3.6.1-1]; MQTT 3.1 had DUP in PUBREL */
	uint8_t expected = frame->type == PACKET_PUBREL ? 0x02 : 0;
	uint8_t flags = version == MQTT_3_1 ? frame->flags & 0x07 : frame->flags;

	if (flags != expected)
		return MQTT_MALFORMED_PACKET;
	ret->packet_id = read_u16(&r);
	ret->reason = MQTT_SUCCESS;
	set_none(&ret->properties);
	if (!reader_failed(&r) && ret->packet_id == 0)
		return MQTT_PROTOCOL_ERROR;
	/* A reason of success without properties may be left out (v5 3.4.2.1). */
	if (version == MQTT_5 && reader_left(&r) > 0) {
		uint8_t code = read_u8(&r);

		if (!ack_reason_allowed(frame->type, code))
			return MQTT_PROTOCOL_ERROR;
		ret->reason = (enum mqtt_reason)code;
		if (reader_left(&r) > 0) {
			enum mqtt_reason reason =
					properties_decode(&r, frame->type, &ret->properties);
			if (reason != MQTT_SUCCESS)
				return reason;
		}
	}
	return finish(&r);
}

/* Walk the list once, so that a malformed packet has no effect at all. */
static enum mqtt_reason check_list(const struct subscribe_packet *packet, enum mqtt_version version)
{
	struct reader r = reader_of(packet->list);

	if (packet->list.len == 0)
		return MQTT_PROTOCOL_ERROR; /* [v5 MQTT-3.8.3-2, MQTT-3.10.3-2] */
	while (reader_left(&r) > 0) {
		uint8_t options;

		read_text(&r);
		options = packet->has_options ? read_u8(&r) : 0;
		if (reader_failed(&r) || (options & SUBSCRIBE_QOS) == 3)
			return MQTT_MALFORMED_PACKET; /* [v5 MQTT-3.8.3-5] */
		if (options & SUBSCRIBE_RESERVED)
			return MQTT_MALFORMED_PACKET; /* [v5 MQTT-3.8.3-5] */
		if (version < MQTT_5 && (options & ~SUBSCRIBE_QOS) != 0)
			return MQTT_MALFORMED_PACKET; /* [v3 MQTT-3-8.3-4] */
		if ((options & SUBSCRIBE_RETAIN_HANDLING) == SUBSCRIBE_RETAIN_HANDLING)
			return MQTT_PROTOCOL_ERROR; /* the value 3, v5 3.8.3.1 */
	}
	return MQTT_SUCCESS;
}

static enum mqtt_reason decode_list(
		const struct frame *frame, enum mqtt_version version, struct subscribe_packet *ret)
{
	struct reader r = reader_of(frame->body);
	uint8_t flags = version == MQTT_3_1 ? frame->flags & 0x07 : frame->flags;
	enum mqtt_reason reason;

	if (flags != 0x02) /* [v5 MQTT-3.8.1-1, MQTT-3.10.1-1] */
		return MQTT_MALFORMED_PACKET;
	ret->packet_id = read_u16(&r);
	if (reader_failed(&r))
		return MQTT_MALFORMED_PACKET;
	if (ret->packet_id == 0)
		return MQTT_PROTOCOL_ERROR;
	reason = read_properties(&r, version, frame->type, &ret->properties);
	if (reason != MQTT_SUCCESS)
		return reason;
	ret->list = read_rest(&r);
	return check_list(ret, version);
}

enum mqtt_reason decode_subscribe(
		const struct frame *frame, enum mqtt_version version, struct subscribe_packet *ret)
{
	ret->has_options = true;
	return decode_list(frame, version, ret);
}

enum mqtt_reason decode_unsubscribe(
		const struct frame *frame, enum mqtt_version version, struct subscribe_packet *ret)
{
	ret->has_options = false;
	return decode_list(frame, version, ret);
}

bool subscribe_next(struct subscribe_packet *packet, struct span *ret_filter, uint8_t *ret_options)
{
	struct reader r = reader_of(packet->list);

	if (packet->list.len == 0)
		return false;
	*ret_filter = read_block16(&r);
	*ret_options = packet->has_options ? read_u8(&r) : 0;
	packet->list = read_rest(&r);
	return true;
}

/* Which reason codes DISCONNECT [v5 MQTT-3.14.2-1] and AUTH [v5 MQTT-3.15.2-1] have. */
static bool end_reason_allowed(enum packet_type type, uint8_t code)
{
	static const uint8_t elsewhere[] = { 0x84, 0x85, 0x86, 0x88, 0x8a, 0x8c, 0x91, 0x92 };

	if (type == PACKET_AUTH)
		return code == MQTT_SUCCESS || code == MQTT_CONTINUE_AUTHENTICATION ||
		       code == MQTT_REAUTHENTICATE;
	if (code < 0x80)
		return code == MQTT_NORMAL_DISCONNECTION || code == MQTT_DISCONNECT_WITH_WILL;
	return mqtt_reason_known(code) && memchr(elsewhere, code, sizeof(elsewhere)) == NULL;
}

/* Reason and properties may both be left out (v5 3.14.2, 3.15.2). */
static enum mqtt_reason read_reason(const struct frame *frame, struct disconnect_packet *ret)
{
	struct reader r = reader_of(frame->body);
	enum mqtt_reason reason;
	uint8_t code;

	ret->reason = MQTT_SUCCESS;
	set_none(&ret->properties);
	if (reader_left(&r) == 0)
		return MQTT_SUCCESS;
	code = read_u8(&r);
	if (!end_reason_allowed(frame->type, code))
		return MQTT_PROTOCOL_ERROR;
	ret->reason = (enum mqtt_reason)code;
	if (reader_left(&r) == 0)
		return MQTT_SUCCESS;
	reason = properties_decode(&r, frame->type, &ret->properties);
	return reason != MQTT_SUCCESS ? reason : finish(&r);
}

enum mqtt_reason decode_disconnect(
		const struct frame *frame, enum mqtt_version version, struct disconnect_packet *ret)
{
	if (frame->flags != 0) /* [v5 MQTT-3.14.1-1] */
		return MQTT_MALFORMED_PACKET;
	if (version < MQTT_5 && frame->body.len > 0)
		return MQTT_MALFORMED_PACKET;
	return read_reason(frame, ret);
}

enum mqtt_reason decode_auth(const struct frame *frame, struct disconnect_packet *ret)
{
	if (frame->flags != 0) /* [v5 MQTT-3.15.1-1] */
		return MQTT_MALFORMED_PACKET;
	return read_reason(frame, ret);
}

enum mqtt_reason decode_pingreq(const struct frame *frame)
{
	return frame->flags != 0 || frame->body.len > 0 ? MQTT_MALFORMED_PACKET : MQTT_SUCCESS;
}
