/* SPDX-License-Identifier: MIT */
/*
 * The packets that are rare: what runs once a connection. The hot ones are inline in the header.
 */
#include "tests/bench/codec.h"

#include <string.h>

size_t codec_varint(uint8_t *out, size_t value)
{
	size_t n = 0;

	do {
		out[n] = (uint8_t)(value & 0x7f);
		value >>= 7;
		if (value > 0)
			out[n] |= 0x80;
		n++;
	} while (value > 0);
	return n;
}

static size_t put_u16(uint8_t *out, size_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return 2;
}

static size_t put_string(uint8_t *out, const char *s)
{
	size_t len = strlen(s);

	put_u16(out, len);
	memcpy(out + 2, s, len);
	return 2 + len;
}

static size_t put_packet(uint8_t *out, uint8_t first_byte, const uint8_t *body, size_t len)
{
	size_t n = 1;

	out[0] = first_byte;
	n += codec_varint(out + n, len);
	memcpy(out + n, body, len);
	return n + len;
}

static uint8_t connect_flags(const struct connect *c)
{
	unsigned flags = c->is_durable ? 0 : 2; /* clean session or clean start */

	if (c->will_topic != NULL)
		flags |= 4u | (unsigned)c->will_qos << 3;
	if (c->password != NULL)
		flags |= 0x40;
	if (c->username != NULL)
		flags |= 0x80;
	return (uint8_t)flags;
}

/* Receive maximum stays 65535. */
static size_t put_properties(uint8_t *out, const struct connect *c)
{
	static const uint8_t never_expires[] = { 5, 0x11, 0xff, 0xff, 0xff, 0xff };

	if (c->version != MQTT_V5)
		return 0;
	memcpy(out, never_expires, sizeof(never_expires));
	if (c->is_durable)
		return sizeof(never_expires);
	out[0] = 0; /* none */
	return 1;
}

static size_t put_will(uint8_t *out, const struct connect *c)
{
	size_t n = 0;

	if (c->version == MQTT_V5)
		out[n++] = 0;
	n += put_string(out + n, c->will_topic);
	n += put_u16(out + n, 4);
	n += put_u16(out + n, c->will_number >> 16);
	return n + put_u16(out + n, c->will_number);
}

size_t codec_connect(uint8_t *out, const struct connect *c)
{
	uint8_t body[CODEC_SMALL_MAX / 2];
	size_t n = 0;

	n += put_string(body, "MQTT");
	body[n++] = (uint8_t)c->version;
	body[n++] = connect_flags(c);
	n += put_u16(body + n, 0); /* no keep-alive: a load generator is never idle by mistake */
	n += put_properties(body + n, c);
	n += put_string(body + n, c->client_id);
	if (c->will_topic != NULL)
		n += put_will(body + n, c);
	if (c->username != NULL)
		n += put_string(body + n, c->username);
	if (c->password != NULL)
		n += put_string(body + n, c->password);
	return put_packet(out, PACKET_CONNECT << 4, body, n);
}

size_t codec_subscribe(uint8_t *out, enum mqtt_version version, uint16_t id, const char *filter,
		uint8_t qos)
{
	uint8_t body[CODEC_SMALL_MAX / 2];
	size_t n = 0;

	n += put_u16(body, id);
	if (version == MQTT_V5)
		body[n++] = 0;
	n += put_string(body + n, filter);
	body[n++] = qos;
	return put_packet(out, PACKET_SUBSCRIBE << 4 | 2, body, n);
}

size_t codec_disconnect(uint8_t out[CODEC_DISCONNECT_SIZE])
{
	return put_packet(out, PACKET_DISCONNECT << 4, out, 0);
}

/* Size of a CONNACK property's value; 0 when it is unknown or cut short. */
static size_t property_size(uint8_t property, const uint8_t *value, size_t left)
{
	size_t n = 0;

	switch (property) {
	case 0x24: /* maximum QoS */
	case 0x25: /* retain available */
	case 0x28: /* wildcards available */
	case 0x29: /* subscription identifiers available */
	case 0x2a: /* shared subscriptions available */
		n = 1;
		break;
	case 0x13: /* server keep-alive */
	case 0x21: /* receive maximum */
	case 0x22: /* topic alias maximum */
		n = 2;
		break;
	case 0x11: /* session expiry */
	case 0x27: /* maximum packet size */
		n = 4;
		break;
	case 0x26: /* user property: two strings */
		n = left >= 2 ? 2 + (size_t)codec_u16(value) : left;
		n += left >= n + 2 ? 2 + (size_t)codec_u16(value + n) : left;
		break;
	case 0x12: /* assigned client identifier */
	case 0x15: /* authentication method */
	case 0x16: /* authentication data */
	case 0x1a: /* response information */
	case 0x1c: /* server reference */
	case 0x1f: /* reason string */
		n = left >= 2 ? 2 + (size_t)codec_u16(value) : left;
		break;
	default:
		break;
	}
	return n <= left ? n : 0;
}

bool codec_read_connack(const struct packet *p, enum mqtt_version version, struct connack *ret)
{
	size_t at, end, n;
	ssize_t header;

	if (p->len < 2)
		return false;
	*ret = (struct connack){ .reason = p->body[1], .receive_maximum = 65535 };
	if (version != MQTT_V5 || p->len == 2)
		return true;
	header = codec_read_varint(p->body + 2, p->len - 2, &end);
	if (header <= 0 || p->len - 2 - (size_t)header < end)
		return false;
	at = 2 + (size_t)header;
	for (end += at; at < end; at += 1 + n) {
		n = property_size(p->body[at], p->body + at + 1, end - at - 1);
		if (n == 0)
			return false;
		if (p->body[at] == 0x21)
			ret->receive_maximum = codec_u16(p->body + at + 1);
	}
	return true;
}
