/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/encode.h"

static void write_fixed_header(struct writer *w, enum packet_type type, size_t length)
{
	/* [v5 MQTT-3.6.1-1]: PUBREL has the flags 0010 */
	write_u8(w, (uint8_t)(type << 4 | (type == PACKET_PUBREL ? 0x02 : 0)));
	write_varint(w, length <= MAX_REMAINING_LENGTH ? (uint32_t)length : UINT32_MAX);
}

void encode_connack(struct writer *w, const struct connack *c)
{
	size_t properties = c->properties.len;

	if (c->version < MQTT_5) {
		write_fixed_header(w, PACKET_CONNACK, 2);
		write_u8(w, c->session_present && c->version == MQTT_3_1_1);
		write_u8(w, mqtt_reason_to_connack_v3(c->reason));
		return;
	}
	write_fixed_header(w, PACKET_CONNACK, 2 + varint_size((uint32_t)properties) + properties);
	write_u8(w, c->session_present);
	write_u8(w, (uint8_t)c->reason);
	write_varint(w, (uint32_t)properties);
	write_bytes(w, c->properties);
}

/* Bytes of a property list that holds the reason string, or nothing. */
static size_t why_len(struct span why)
{
	return why.len > 0 ? 3 + why.len : 0;
}

static void write_why(struct writer *w, struct span why)
{
	write_varint(w, (uint32_t)why_len(why));
	if (why.len > 0)
		property_write_text(w, PROPERTY_REASON_STRING, why);
}

static size_t why_size(struct span why)
{
	return varint_size((uint32_t)why_len(why)) + why_len(why);
}

void encode_ack(struct writer *w, enum packet_type type, enum mqtt_version version,
		uint16_t packet_id, enum mqtt_reason reason, struct span why)
{
	bool with_reason = version == MQTT_5 && reason != MQTT_SUCCESS;
	bool with_why = with_reason && why.len > 0;
	size_t more = with_why ? 1 + why_size(why) : with_reason;

	write_fixed_header(w, type, 2 + more);
	write_u16(w, packet_id);
	if (with_reason)
		write_u8(w, (uint8_t)reason);
	if (with_why)
		write_why(w, why);
}

void encode_suback(struct writer *w, enum packet_type type, enum mqtt_version version,
		uint16_t packet_id, const uint8_t *codes, size_t count, struct span why)
{
	bool with_codes = type == PACKET_SUBACK || version == MQTT_5;
	size_t properties = version == MQTT_5 ? why_size(why) : 0;

	write_fixed_header(w, type, 2 + properties + (with_codes ? count : 0));
	write_u16(w, packet_id);
	if (version == MQTT_5)
		write_why(w, why);
	for (size_t i = 0; with_codes && i < count; i++)
		write_u8(w, version == MQTT_5 || codes[i] < 0x80 ? codes[i] : 0x80);
}

void encode_pingresp(struct writer *w)
{
	write_fixed_header(w, PACKET_PINGRESP, 0);
}

void encode_disconnect(struct writer *w, enum mqtt_reason reason, struct span why)
{
	write_fixed_header(w, PACKET_DISCONNECT, 1 + (why.len > 0 ? why_size(why) : 0));
	write_u8(w, (uint8_t)reason);
	if (why.len > 0)
		write_why(w, why);
}

static size_t properties_len(const struct publish_form *form)
{
	size_t len = 0;

	for (size_t i = 0; i < array_size(form->properties); i++)
		len += form->properties[i].len;
	return len;
}

static size_t body_size(const struct publish_form *form)
{
	size_t size = 2 + form->topic.len + (form->has_packet_id ? 2 : 0) + form->payload_len;

	if (form->version == MQTT_5)
		size += varint_size((uint32_t)properties_len(form)) + properties_len(form);
	return size;
}

size_t publish_size(const struct publish_form *form)
{
	size_t body = body_size(form);

	return 1 + varint_size((uint32_t)body) + body;
}

size_t encode_publish_header(
		struct writer *w, const struct publish_form *form, size_t *ret_packet_id)
{
	size_t properties_at;

	write_fixed_header(w, PACKET_PUBLISH, body_size(form));
	write_block16(w, form->topic);
	*ret_packet_id = writer_span(w).len;
	if (form->has_packet_id)
		write_u16(w, 0);
	if (form->version != MQTT_5)
		return 0;
	write_varint(w, (uint32_t)properties_len(form));
	properties_at = writer_span(w).len;
	for (size_t i = 0; i < array_size(form->properties); i++)
		write_bytes(w, form->properties[i]);
	return properties_at;
}
