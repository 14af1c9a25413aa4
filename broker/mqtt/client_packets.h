/* SPDX-License-Identifier: MIT */
/*
 * The packets that only a client sends and only a server answers with, for a broker that is a
 * client of another one (a bridge). The same rules as in encode.h and decode.h.
 */
#ifndef BROKER_MQTT_CLIENT_PACKETS_H
#define BROKER_MQTT_CLIENT_PACKETS_H

#include "broker/mqtt/framer.h"
#include "broker/mqtt/property.h"

struct connect_form {
	enum mqtt_version version;
	bool clean_start;
	bool is_bridge; /* set the top bit of the level as Mosquitto's bridges; before version 5 */
	uint16_t keep_alive;
	struct span properties; /* already encoded, without the length; version 5 only */
	struct span client_id;
	struct span will_topic; /* data NULL: no will */
	struct span will_payload;
	uint8_t will_qos;
	bool will_retain;
	struct span user_name, password; /* data NULL: none */
};

size_t connect_size(const struct connect_form *form);
void encode_connect(struct writer *w, const struct connect_form *form);

/* SUBSCRIBE, or UNSUBSCRIBE, which has no options; for one filter. */
size_t subscribe_size(enum packet_type type, enum mqtt_version version, struct span filter);
void encode_subscribe(struct writer *w, enum packet_type type, enum mqtt_version version,
		uint16_t packet_id, struct span filter, uint8_t options);

void encode_pingreq(struct writer *w);

struct connack_packet {
	bool session_present;	 /* always false in 3.1, which cannot tell */
	enum mqtt_reason reason; /* return codes of older versions in its words */
	struct properties properties;
};

enum mqtt_reason decode_connack(
		const struct frame *frame, enum mqtt_version version, struct connack_packet *ret);

struct suback_packet {
	uint16_t packet_id;
	struct span codes; /* empty in an UNSUBACK before version 5 */
};

/* SUBACK or UNSUBACK. */
enum mqtt_reason decode_suback(
		const struct frame *frame, enum mqtt_version version, struct suback_packet *ret);

/* PINGRESP, which is empty. */
enum mqtt_reason decode_pingresp(const struct frame *frame);

#endif
