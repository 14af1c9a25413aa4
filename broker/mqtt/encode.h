/* SPDX-License-Identifier: MIT */
/*
 * Packets that a server sends, written behind a `struct writer`; one that does not fit leaves the
 * writer failed. PUBLISH comes in two parts, so that a large payload need not be copied.
 */
#ifndef BROKER_MQTT_ENCODE_H
#define BROKER_MQTT_ENCODE_H

#include "broker/mqtt/property.h"

struct connack {
	enum mqtt_version version;
	enum mqtt_reason reason;
	bool session_present;
	struct span properties; /* already encoded, without the length; version 5 only */
};

void encode_connack(struct writer *w, const struct connack *c);

/*
 * PUBACK, PUBREC, PUBREL or PUBCOMP. The reason is sent to version 5 when it is not success; `why`
 * is the reason string that goes with it, empty for none.
 */
void encode_ack(struct writer *w, enum packet_type type, enum mqtt_version version,
		uint16_t packet_id, enum mqtt_reason reason, struct span why);

/*
 * SUBACK or UNSUBACK with `count` codes: reason codes for version 5, else granted QoS or 0x80.
 * The UNSUBACK of versions before 5 has no codes. `why` is a reason string for version 5, empty for
 * none.
 */
void encode_suback(struct writer *w, enum packet_type type, enum mqtt_version version,
		uint16_t packet_id, const uint8_t *codes, size_t count, struct span why);

void encode_pingresp(struct writer *w);

/* DISCONNECT, which only version 5 knows from a server. */
void encode_disconnect(struct writer *w, enum mqtt_reason reason, struct span why);

/* One PUBLISH on its way out, but for what differs from receiver to receiver. */
struct publish_form {
	enum mqtt_version version;
	bool has_packet_id; /* QoS 1 or 2 */
	struct span topic;
	/*
	 * Version 5: pieces that stand one behind the other in the property list, each
	 * already encoded and each possibly empty.
	 */
	struct span properties[4];
	size_t payload_len;
};

/*
 * Everything of the packet up to its payload. The caller patches what differs: byte 0 (type,
 * DUP, QoS, RETAIN; written as plain PUBLISH) and, at *ret_packet_id, the two bytes of the packet
 * identifier (written as 0). Returns where the first of the properties stands, version 5 only.
 */
size_t encode_publish_header(
		struct writer *w, const struct publish_form *form, size_t *ret_packet_id);

/* Bytes of the whole packet, payload included. */
size_t publish_size(const struct publish_form *form);

static inline uint8_t publish_first_byte(uint8_t qos, bool retain, bool dup)
{
	return (uint8_t)(PACKET_PUBLISH << 4 | (dup ? 0x08 : 0) | qos << 1 | (retain ? 1 : 0));
}

#endif
