/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CODEC_H
#define BENCH_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * As much of MQTT 3.1.1 and 5.0 as a load generator needs. It is written apart from the broker's
 * own codec on purpose: a mistake in one must not be hidden by the same mistake in the other.
 */
enum mqtt_version { MQTT_V311 = 4, MQTT_V5 = 5 };

enum packet_type {
	PACKET_CONNECT = 1,
	PACKET_CONNACK,
	PACKET_PUBLISH,
	PACKET_PUBACK,
	PACKET_PUBREC,
	PACKET_PUBREL,
	PACKET_PUBCOMP,
	PACKET_SUBSCRIBE,
	PACKET_SUBACK,
	PACKET_UNSUBSCRIBE,
	PACKET_UNSUBACK,
	PACKET_PINGREQ,
	PACKET_PINGRESP,
	PACKET_DISCONNECT,
};

enum { CODEC_FIXED_HEADER_MAX = 5, CODEC_ACK_SIZE = 4, CODEC_DISCONNECT_SIZE = 2 };

enum { CODEC_SMALL_MAX = 4096 };

/* A whole packet inside a receive buffer. */
struct packet {
	uint8_t type, flags;
	const uint8_t *body;
	size_t len;
};

/* A PUBLISH taken apart, without its topic: the payload says who sent it. */
struct delivery {
	const uint8_t *payload;
	size_t len;
	uint16_t id; /* 0 with QoS 0 */
	uint8_t qos;
};

struct connack {
	uint8_t reason;
	uint16_t receive_maximum;
};

/* What a client says of itself; NULL: nothing. */
struct connect {
	enum mqtt_version version;
	const char *client_id, *username, *password;
	const char *will_topic;
	uint8_t will_qos;
	uint32_t will_number; /* its payload, four bytes in network order */
	bool is_durable;      /* its session stays when it goes, and is taken up again */
};

/*
 * The encoders write into `out`, which has room for CODEC_SMALL_MAX bytes if nothing else is said,
 * and return the size of the packet. Filters are shorter than 1000 bytes, the texts of a CONNECT
 * than 400.
 */
size_t codec_connect(uint8_t *out, const struct connect *c);
size_t codec_subscribe(uint8_t *out, enum mqtt_version version, uint16_t id, const char *filter,
		uint8_t qos);
size_t codec_disconnect(uint8_t out[CODEC_DISCONNECT_SIZE]);

/* PUBACK, PUBREC, PUBREL or PUBCOMP in CODEC_ACK_SIZE bytes. */
static inline void codec_ack(uint8_t *out, enum packet_type type, uint16_t id)
{
	out[0] = (uint8_t)(type << 4 | (type == PACKET_PUBREL ? 2 : 0));
	out[1] = 2;
	out[2] = (uint8_t)(id >> 8);
	out[3] = (uint8_t)id;
}

/* Write the variable byte integer and return its size. */
size_t codec_varint(uint8_t *out, size_t value);

bool codec_read_connack(const struct packet *p, enum mqtt_version version, struct connack *ret);

static inline uint16_t codec_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Size of the variable byte integer at `p` and its value; 0 when cut short, -1 when malformed. */
static inline ssize_t codec_read_varint(const uint8_t *p, size_t len, size_t *ret_value)
{
	size_t value = 0;

	for (size_t i = 0; i < 4; i++) {
		if (i == len)
			return 0;
		value |= (size_t)(p[i] & 0x7f) << (7 * i);
		if (p[i] < 0x80) {
			*ret_value = value;
			return (ssize_t)i + 1;
		}
	}
	return -1;
}

/* Size of the first packet in the buffer; 0 when it is not there in full, -1 when malformed. */
static inline ssize_t codec_next(const uint8_t *data, size_t len, struct packet *ret)
{
	size_t body_len;
	ssize_t n;

	if (len < 2)
		return 0;
	n = codec_read_varint(data + 1, len - 1, &body_len);
	if (n <= 0)
		return n;
	if (len - 1 - (size_t)n < body_len)
		return 0;
	ret->type = data[0] >> 4;
	ret->flags = data[0] & 15;
	ret->body = data + 1 + n;
	ret->len = body_len;
	return (ssize_t)(1 + (size_t)n + body_len);
}

static inline bool codec_read_publish(
		const struct packet *p, enum mqtt_version version, struct delivery *ret)
{
	size_t at, properties;
	ssize_t n;

	if (p->len < 2)
		return false;
	at = 2 + (size_t)codec_u16(p->body);
	ret->qos = p->flags >> 1 & 3;
	ret->id = 0;
	if (ret->qos > 0) {
		if (p->len < at + 2)
			return false;
		ret->id = codec_u16(p->body + at);
		at += 2;
	}
	if (p->len < at)
		return false;
	if (version == MQTT_V5) {
		n = codec_read_varint(p->body + at, p->len - at, &properties);
		if (n <= 0 || p->len - at - (size_t)n < properties)
			return false;
		at += (size_t)n + properties;
	}
	ret->payload = p->body + at;
	ret->len = p->len - at;
	return true;
}

#endif
