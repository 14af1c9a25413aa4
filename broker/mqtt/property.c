/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/property.h"

#include "common/utf8.h"

#define IN(type) (1U << PACKET_##type)
#define IN_ACKS                                                                                    \
	(IN(CONNACK) | IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP) | IN(SUBACK) |           \
			IN(UNSUBACK) | IN(DISCONNECT) | IN(AUTH))

/* clang-format off */
static const struct property_info table[PROPERTY_IDS] = {
	/* v5 table 2-4            name                                 wire         packets                                  min  max         repeats */
	[0x01] = { "payload format indicator",          WIRE_U8,     IN(PUBLISH) | IN(WILL),                    0, 1,          false },
	[0x02] = { "message expiry interval",           WIRE_U32,    IN(PUBLISH) | IN(WILL),                    0, UINT32_MAX, false },
	[0x03] = { "content type",                      WIRE_TEXT,   IN(PUBLISH) | IN(WILL),                    0, 0,          false },
	[0x08] = { "response topic",                    WIRE_TEXT,   IN(PUBLISH) | IN(WILL),                    0, 0,          false },
	[0x09] = { "correlation data",                  WIRE_BINARY, IN(PUBLISH) | IN(WILL),                    0, 0,          false },
	[0x0b] = { "subscription identifier",           WIRE_VARINT, IN(PUBLISH) | IN(SUBSCRIBE),               1, 268435455,  true  },
	[0x11] = { "session expiry interval",           WIRE_U32,    IN(CONNECT) | IN(CONNACK) | IN(DISCONNECT), 0, UINT32_MAX, false },
	[0x12] = { "assigned client identifier",        WIRE_TEXT,   IN(CONNACK),                               0, 0,          false },
	[0x13] = { "server keep alive",                 WIRE_U16,    IN(CONNACK),                               0, UINT16_MAX, false },
	[0x15] = { "authentication method",             WIRE_TEXT,   IN(CONNECT) | IN(CONNACK) | IN(AUTH),      0, 0,          false },
	[0x16] = { "authentication data",               WIRE_BINARY, IN(CONNECT) | IN(CONNACK) | IN(AUTH),      0, 0,          false },
	[0x17] = { "request problem information",       WIRE_U8,     IN(CONNECT),                               0, 1,          false },
	[0x18] = { "will delay interval",               WIRE_U32,    IN(WILL),                                  0, UINT32_MAX, false },
	[0x19] = { "request response information",      WIRE_U8,     IN(CONNECT),                               0, 1,          false },
	[0x1a] = { "response information",              WIRE_TEXT,   IN(CONNACK),                               0, 0,          false },
	[0x1c] = { "server reference",                  WIRE_TEXT,   IN(CONNACK) | IN(DISCONNECT),              0, 0,          false },
	[0x1f] = { "reason string",                     WIRE_TEXT,   IN_ACKS,                                   0, 0,          false },
	[0x21] = { "receive maximum",                   WIRE_U16,    IN(CONNECT) | IN(CONNACK),                 1, UINT16_MAX, false },
	[0x22] = { "topic alias maximum",               WIRE_U16,    IN(CONNECT) | IN(CONNACK),                 0, UINT16_MAX, false },
	[0x23] = { "topic alias",                       WIRE_U16,    IN(PUBLISH),                               0, UINT16_MAX, false },
	[0x24] = { "maximum QoS",                       WIRE_U8,     IN(CONNACK),                               0, 1,          false },
	[0x25] = { "retain available",                  WIRE_U8,     IN(CONNACK),                               0, 1,          false },
	[0x26] = { "user property",                     WIRE_PAIR,   UINT32_MAX,                                0, 0,          true  },
	[0x27] = { "maximum packet size",               WIRE_U32,    IN(CONNECT) | IN(CONNACK),                 1, UINT32_MAX, false },
	[0x28] = { "wildcard subscription available",   WIRE_U8,     IN(CONNACK),                               0, 1,          false },
	[0x29] = { "subscription identifier available", WIRE_U8,     IN(CONNACK),                               0, 1,          false },
	[0x2a] = { "shared subscription available",     WIRE_U8,     IN(CONNACK),                               0, 1,          false },
};
/* clang-format on */

_Static_assert(PROPERTY_IDS <= 64, "struct properties keeps them in 64 bits");

const struct property_info *property_info(uint32_t id)
{
	return &table[id < PROPERTY_IDS ? id : 0];
}

static void read_value(struct reader *r, enum property_wire wire, struct property *ret)
{
	switch (wire) {
	case WIRE_U8:
		ret->number = read_u8(r);
		break;
	case WIRE_U16:
		ret->number = read_u16(r);
		break;
	case WIRE_U32:
		ret->number = read_u32(r);
		break;
	case WIRE_VARINT:
		ret->number = read_varint(r);
		break;
	case WIRE_TEXT:
	case WIRE_BINARY:
		ret->text = read_block16(r);
		break;
	case WIRE_PAIR:
		ret->text = read_block16(r);
		ret->value = read_block16(r);
		break;
	}
}

static bool text_is_valid(enum property_wire wire, const struct property *p)
{
	if (wire == WIRE_PAIR)
		return utf8_valid_mqtt(p->text) && utf8_valid_mqtt(p->value);
	return wire != WIRE_TEXT || utf8_valid_mqtt(p->text);
}

static bool number_is_valid(const struct property_info *info, uint32_t number)
{
	return info->wire > WIRE_VARINT || (number >= info->min && number <= info->max);
}

bool property_next(struct reader *r, struct property *ret)
{
	const uint8_t *start = r->at;
	uint32_t id;

	if (reader_left(r) == 0)
		return false;
	id = read_varint(r);
	*ret = (struct property){ .id = (enum property_id)id };
	if (property_info(id)->name == NULL) {
		reader_fail(r);
		return false;
	}
	read_value(r, property_info(id)->wire, ret);
	if (reader_failed(r))
		return false;
	ret->raw = span_of(start, (size_t)(r->at - start));
	return true;
}

static enum mqtt_reason check(
		const struct property *p, enum packet_type where, const struct properties *seen)
{
	const struct property_info *info = property_info(p->id);

	if ((info->packets >> where & 1) == 0)
		return MQTT_MALFORMED_PACKET; /* v5 2.2.2.2 */
	if (!info->repeats && property_present(seen, p->id))
		return MQTT_PROTOCOL_ERROR;
	if (!text_is_valid(info->wire, p))
		return MQTT_MALFORMED_PACKET; /* [v5 MQTT-1.5.4-1] */
	if (!number_is_valid(info, p->number))
		return MQTT_PROTOCOL_ERROR;
	/* Only PUBLISH of a server repeats it; SUBSCRIBE has one at most (v5 3.8.2.1.2). */
	if (p->id == PROPERTY_SUBSCRIPTION_IDENTIFIER && where == PACKET_SUBSCRIBE &&
			property_present(seen, p->id))
		return MQTT_PROTOCOL_ERROR;
	return MQTT_SUCCESS;
}

enum mqtt_reason properties_decode(struct reader *r, enum packet_type where, struct properties *ret)
{
	struct reader inside;
	struct property p;

	ret->present = 0;
	ret->raw = read_bytes(r, read_varint(r));
	if (reader_failed(r))
		return MQTT_MALFORMED_PACKET;
	inside = reader_of(ret->raw);
	while (property_next(&inside, &p)) {
		enum mqtt_reason reason = check(&p, where, ret);

		if (reason != MQTT_SUCCESS)
			return reason;
		ret->present |= 1ULL << p.id;
		if (property_info(p.id)->wire <= WIRE_VARINT)
			ret->values[p.id].number = p.number;
		else
			ret->values[p.id].text = p.text;
	}
	return reader_failed(&inside) ? MQTT_MALFORMED_PACKET : MQTT_SUCCESS;
}

void property_write_number(struct writer *w, enum property_id id, uint32_t value)
{
	write_varint(w, id);
	switch (table[id].wire) {
	case WIRE_U8:
		write_u8(w, (uint8_t)value);
		break;
	case WIRE_U16:
		write_u16(w, (uint16_t)value);
		break;
	case WIRE_U32:
		write_u32(w, value);
		break;
	case WIRE_VARINT:
		write_varint(w, value);
		break;
	case WIRE_TEXT:
	case WIRE_BINARY:
	case WIRE_PAIR:
		break;
	}
}

void property_write_text(struct writer *w, enum property_id id, struct span text)
{
	write_varint(w, id);
	write_block16(w, text);
}

void property_write_pair(struct writer *w, struct span name, struct span value)
{
	write_varint(w, PROPERTY_USER_PROPERTY);
	write_block16(w, name);
	write_block16(w, value);
}
