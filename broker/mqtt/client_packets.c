/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/client_packets.h"

/* Bits of the connect flags (v5 3.1.2.3). */
enum {
	CLEAN_START = 0x02,
	WILL = 0x04,
	WILL_QOS_SHIFT = 3,
	WILL_RETAIN = 0x20,
	PASSWORD = 0x40,
	USER_NAME = 0x80,
	BRIDGE_LEVEL = 0x80, /* of the protocol level */
};

static size_t fixed_header_size(size_t body)
{
	return 1 + varint_size((uint32_t)body);
}

static void write_fixed_header(struct writer *w, uint8_t first_byte, size_t body)
{
	write_u8(w, first_byte);
	write_varint(w, body <= MAX_REMAINING_LENGTH ? (uint32_t)body : UINT32_MAX);
}

/* --- CONNECT -------------------------------------------------------------------------------- */

static size_t connect_body(const struct connect_form *f)
{
	size_t size = 2 + 4 + 4 + 2 + f->client_id.len;

	if (f->version == MQTT_3_1)
		size += 2; /* its name is longer */
	if (f->version == MQTT_5)
		size += varint_size((uint32_t)f->properties.len) + f->properties.len;
	if (f->will_topic.data != NULL)
		size += 4 + f->will_topic.len + f->will_payload.len;
	if (f->will_topic.data != NULL && f->version == MQTT_5)
		size++;
	if (f->user_name.data != NULL)
		size += 2 + f->user_name.len;
	if (f->password.data != NULL)
		size += 2 + f->password.len;
	return size;
}

size_t connect_size(const struct connect_form *form)
{
	size_t body = connect_body(form);

	return fixed_header_size(body) + body;
}

static uint8_t connect_flags(const struct connect_form *f)
{
	unsigned flags = f->clean_start ? CLEAN_START : 0;

	if (f->will_topic.data != NULL)
		flags |= WILL | (unsigned)f->will_qos << WILL_QOS_SHIFT |
			 (f->will_retain ? WILL_RETAIN : 0);
	if (f->user_name.data != NULL)
		flags |= USER_NAME;
	if (f->password.data != NULL)
		flags |= PASSWORD;
	return (uint8_t)flags;
}

void encode_connect(struct writer *w, const struct connect_form *f)
{
	static const struct span old_name = SPAN("MQIsdp"), name = SPAN("MQTT");
	bool is_marked = f->is_bridge && f->version < MQTT_5;

	write_fixed_header(w, PACKET_CONNECT << 4, connect_body(f));
	write_block16(w, f->version == MQTT_3_1 ? old_name : name);
	write_u8(w, (uint8_t)((unsigned)f->version | (is_marked ? BRIDGE_LEVEL : 0U)));
	write_u8(w, connect_flags(f));
	write_u16(w, f->keep_alive);
	if (f->version == MQTT_5) {
		write_varint(w, (uint32_t)f->properties.len);
		write_bytes(w, f->properties);
	}
	write_block16(w, f->client_id);
	if (f->will_topic.data != NULL) {
		if (f->version == MQTT_5)
			write_u8(w, 0); /* no properties */
		write_block16(w, f->will_topic);
		write_block16(w, f->will_payload);
	}
	if (f->user_name.data != NULL)
		write_block16(w, f->user_name);
	if (f->password.data != NULL)
		write_block16(w, f->password);
}

/* --- SUBSCRIBE, UNSUBSCRIBE, PINGREQ -------------------------------------------------------- */

static size_t subscribe_body(enum packet_type type, enum mqtt_version version, struct span filter)
{
	size_t size = 4 + filter.len;

	if (version == MQTT_5)
		size++; /* the length of no properties */
	if (type == PACKET_SUBSCRIBE)
		size++; /* options */
	return size;
}

size_t subscribe_size(enum packet_type type, enum mqtt_version version, struct span filter)
{
	size_t body = subscribe_body(type, version, filter);

	return fixed_header_size(body) + body;
}

void encode_subscribe(struct writer *w, enum packet_type type, enum mqtt_version version,
		uint16_t packet_id, struct span filter, uint8_t options)
{
	/* [v5 MQTT-3.8.1-1, MQTT-3.10.1-1] */
	write_fixed_header(w, (uint8_t)(type << 4 | 0x02), subscribe_body(type, version, filter));
	write_u16(w, packet_id);
	if (version == MQTT_5)
		write_u8(w, 0); /* no properties */
	write_block16(w, filter);
	if (type == PACKET_SUBSCRIBE)
		write_u8(w, options);
}

void encode_pingreq(struct writer *w)
{
	write_fixed_header(w, PACKET_PINGREQ << 4, 0);
}

/* --- what a server answers ------------------------------------------------------------------ */

/* The return code of MQTT 3.1 and 3.1.1 (v3 table 3.1) as a reason. False when it is none. */
static bool reason_of_return_code(uint8_t code, enum mqtt_reason *ret)
{
	static const enum mqtt_reason reasons[] = { MQTT_SUCCESS, MQTT_UNSUPPORTED_PROTOCOL_VERSION,
		MQTT_CLIENT_IDENTIFIER_NOT_VALID, MQTT_SERVER_UNAVAILABLE,
		MQTT_BAD_USER_NAME_OR_PASSWORD, MQTT_NOT_AUTHORIZED };

	if (code >= array_size(reasons))
		return false;
	*ret = reasons[code];
	return true;
}

/* 3.1 has a reserved byte in the place of the flags, of which it says nothing. */
static enum mqtt_reason read_connack_flags(
		struct reader *r, enum mqtt_version version, struct connack_packet *ret)
{
	uint8_t flags = read_u8(r);

	ret->session_present = version != MQTT_3_1 && (flags & 1) != 0;
	if (version != MQTT_3_1 && flags > 1) /* [v5 MQTT-3.2.2-1] */
		return MQTT_MALFORMED_PACKET;
	return MQTT_SUCCESS;
}

static enum mqtt_reason read_connack_reason(
		struct reader *r, enum mqtt_version version, struct connack_packet *ret)
{
	uint8_t code = read_u8(r);

	if (reader_failed(r))
		return MQTT_MALFORMED_PACKET;
	if (version < MQTT_5)
		return reason_of_return_code(code, &ret->reason) ? MQTT_SUCCESS
								 : MQTT_PROTOCOL_ERROR;
	if (code != MQTT_SUCCESS && (code < 0x80 || !mqtt_reason_known(code)))
		return MQTT_PROTOCOL_ERROR; /* [v5 MQTT-3.2.2-8] */
	ret->reason = (enum mqtt_reason)code;
	return properties_decode(r, PACKET_CONNACK, &ret->properties);
}

static enum mqtt_reason finish(const struct reader *r)
{
	return reader_failed(r) || reader_left(r) > 0 ? MQTT_MALFORMED_PACKET : MQTT_SUCCESS;
}

enum mqtt_reason decode_connack(
		const struct frame *frame, enum mqtt_version version, struct connack_packet *ret)
{
	struct reader r = reader_of(frame->body);
	enum mqtt_reason reason;

	if (frame->flags != 0)
		return MQTT_MALFORMED_PACKET;
	ret->properties.present = 0;
	ret->properties.raw = (struct span){ NULL, 0 };
	reason = read_connack_flags(&r, version, ret);
	if (reason == MQTT_SUCCESS)
		reason = read_connack_reason(&r, version, ret);
	if (reason == MQTT_SUCCESS)
		reason = finish(&r);
	/* [v5 MQTT-3.2.2-6] */
	if (reason == MQTT_SUCCESS && ret->reason != MQTT_SUCCESS && ret->session_present)
		reason = MQTT_PROTOCOL_ERROR;
	return reason;
}

static bool suback_code_allowed(enum packet_type type, enum mqtt_version version, uint8_t code)
{
	if (version < MQTT_5)
		return code <= 2 || code == 0x80; /* [v3 MQTT-3.9.3-2] */
	if (code < 0x80)
		return type == PACKET_SUBACK ? code <= 2
					     : code == MQTT_SUCCESS ||
							       code == MQTT_NO_SUBSCRIPTION_EXISTED;
	return mqtt_reason_known(code);
}

enum mqtt_reason decode_suback(
		const struct frame *frame, enum mqtt_version version, struct suback_packet *ret)
{
	bool has_codes = frame->type == PACKET_SUBACK || version == MQTT_5;
	struct reader r = reader_of(frame->body);
	struct properties properties;

	if (frame->flags != 0)
		return MQTT_MALFORMED_PACKET;
	ret->packet_id = read_u16(&r);
	if (reader_failed(&r))
		return MQTT_MALFORMED_PACKET;
	if (ret->packet_id == 0)
		return MQTT_PROTOCOL_ERROR;
	if (version == MQTT_5) {
		enum mqtt_reason reason = properties_decode(&r, frame->type, &properties);

		if (reason != MQTT_SUCCESS)
			return reason;
	}
	ret->codes = read_rest(&r);
	if ((ret->codes.len > 0) != has_codes)
		return MQTT_MALFORMED_PACKET;
	for (size_t i = 0; i < ret->codes.len; i++) {
		if (!suback_code_allowed(frame->type, version, ret->codes.data[i]))
			return MQTT_PROTOCOL_ERROR;
	}
	return MQTT_SUCCESS;
}

enum mqtt_reason decode_pingresp(const struct frame *frame)
{
	return frame->flags != 0 || frame->body.len > 0 ? MQTT_MALFORMED_PACKET : MQTT_SUCCESS;
}
