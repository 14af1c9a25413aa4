/* SPDX-License-Identifier: MIT */
/*
 * The vocabulary of MQTT 3.1, 3.1.1 and 5.0: packet types, versions, quality of service.
 */
#ifndef BROKER_MQTT_TYPES_H
#define BROKER_MQTT_TYPES_H

#include "common/base.h"

enum mqtt_version {
	MQTT_3_1 = 3,	/* "MQIsdp" */
	MQTT_3_1_1 = 4, /* "MQTT" */
	MQTT_5 = 5,
};

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
	PACKET_AUTH,
	/* Not a packet: where a property may stand in the will of a CONNECT. */
	PACKET_WILL,
};

/* "PUBLISH"; "reserved" for 0. */
const char *packet_type_name(enum packet_type type);

enum {
	MAX_REMAINING_LENGTH = 268435455, /* four bytes of length [v5 MQTT-1.5.5] */
	MAX_FIXED_HEADER = 5,
};

/* Session Expiry Interval of a session that never expires (v5 3.1.2.11.2). */
#define MQTT_EXPIRY_NEVER UINT32_MAX

/* Subscription options of SUBSCRIBE (v5 3.8.3.1). */
enum {
	SUBSCRIBE_QOS = 0x03,
	SUBSCRIBE_NO_LOCAL = 0x04,
	SUBSCRIBE_RETAIN_AS_PUBLISHED = 0x08,
	SUBSCRIBE_RETAIN_HANDLING = 0x30, /* 0x00 always, 0x10 when new, 0x20 never */
	SUBSCRIBE_RESERVED = 0xc0,
};

#endif
