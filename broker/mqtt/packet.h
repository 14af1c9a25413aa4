/* SPDX-License-Identifier: MIT */
/*
 * Decoded packets: what a client may send. Everything is a span into the receive buffer, valid
 * until the next packet is read; decoding allocates nothing.
 */
#ifndef BROKER_MQTT_PACKET_H
#define BROKER_MQTT_PACKET_H

#include "broker/mqtt/property.h"

struct will_packet {
	uint8_t qos;
	bool retain;
	struct span topic;
	struct span payload;
	struct properties properties;
};

struct connect_packet {
	enum mqtt_version version;
	bool clean_start;    /* "clean session" before version 5 */
	bool is_bridge;	     /* Mosquitto's bridges set the top bit of the protocol level */
	uint16_t keep_alive; /* seconds, 0 = none */
	struct properties properties;
	struct span client_id;
	bool has_will;
	struct will_packet will;
	bool has_user_name;
	struct span user_name;
	bool has_password;
	struct span password;
};

struct publish_packet {
	bool dup;
	uint8_t qos;
	bool retain;
	struct span topic;  /* empty: the topic alias stands for it */
	uint16_t packet_id; /* 0 with QoS 0 */
	struct properties properties;
	struct span payload;
};

/* PUBACK, PUBREC, PUBREL and PUBCOMP. */
struct ack_packet {
	uint16_t packet_id;
	enum mqtt_reason reason; /* MQTT_SUCCESS before version 5 */
	struct properties properties;
};

/* SUBSCRIBE and UNSUBSCRIBE: the list is walked with subscribe_next(). */
struct subscribe_packet {
	uint16_t packet_id;
	struct properties properties;
	struct span list;
	bool has_options; /* SUBSCRIBE: an options byte follows each filter */
};

/* DISCONNECT and AUTH. */
struct disconnect_packet {
	enum mqtt_reason reason;
	struct properties properties;
};

#endif
