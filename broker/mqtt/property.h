/* SPDX-License-Identifier: MIT */
/*
 * MQTT 5 properties (v5 2.2.2). One table says for each its identifier, its type on the wire, the
 * packets it may stand in, and the values it may have; decoding, validation and logging walk it.
 */
#ifndef BROKER_MQTT_PROPERTY_H
#define BROKER_MQTT_PROPERTY_H

#include "broker/mqtt/reason.h"
#include "broker/mqtt/types.h"
#include "common/wire.h"

enum property_id {
	PROPERTY_PAYLOAD_FORMAT_INDICATOR = 0x01,
	PROPERTY_MESSAGE_EXPIRY_INTERVAL = 0x02,
	PROPERTY_CONTENT_TYPE = 0x03,
	PROPERTY_RESPONSE_TOPIC = 0x08,
	PROPERTY_CORRELATION_DATA = 0x09,
	PROPERTY_SUBSCRIPTION_IDENTIFIER = 0x0b,
	PROPERTY_SESSION_EXPIRY_INTERVAL = 0x11,
	PROPERTY_ASSIGNED_CLIENT_IDENTIFIER = 0x12,
	PROPERTY_SERVER_KEEP_ALIVE = 0x13,
	PROPERTY_AUTHENTICATION_METHOD = 0x15,
	PROPERTY_AUTHENTICATION_DATA = 0x16,
	PROPERTY_REQUEST_PROBLEM_INFORMATION = 0x17,
	PROPERTY_WILL_DELAY_INTERVAL = 0x18,
	PROPERTY_REQUEST_RESPONSE_INFORMATION = 0x19,
	PROPERTY_RESPONSE_INFORMATION = 0x1a,
	PROPERTY_SERVER_REFERENCE = 0x1c,
	PROPERTY_REASON_STRING = 0x1f,
	PROPERTY_RECEIVE_MAXIMUM = 0x21,
	PROPERTY_TOPIC_ALIAS_MAXIMUM = 0x22,
	PROPERTY_TOPIC_ALIAS = 0x23,
	PROPERTY_MAXIMUM_QOS = 0x24,
	PROPERTY_RETAIN_AVAILABLE = 0x25,
	PROPERTY_USER_PROPERTY = 0x26,
	PROPERTY_MAXIMUM_PACKET_SIZE = 0x27,
	PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28,
	PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29,
	PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE = 0x2a,
	PROPERTY_IDS, /* one more than the largest */
};

enum property_wire { WIRE_U8, WIRE_U16, WIRE_U32, WIRE_VARINT, WIRE_TEXT, WIRE_BINARY, WIRE_PAIR };

struct property_info {
	const char *name; /* NULL: MQTT does not define this identifier */
	enum property_wire wire;
	uint32_t packets;  /* set of 1 << enum packet_type */
	uint32_t min, max; /* of a number */
	bool repeats;	   /* may stand more than once */
};

/* The row of an identifier; one with name NULL for an unknown one. */
const struct property_info *property_info(uint32_t id);

/* One property under the cursor. */
struct property {
	enum property_id id;
	uint32_t number;   /* U8, U16, U32, VARINT */
	struct span text;  /* TEXT, BINARY, the name of a PAIR */
	struct span value; /* of a PAIR */
	struct span raw;   /* the whole property as it was encoded */
};

/*
 * The properties of one packet. Everything points into the receive buffer. A value is only
 * defined when property_present(); user properties and repeated identifiers are walked with
 * property_next() over `raw`.
 */
struct properties {
	uint64_t present;
	struct span raw; /* without the length in front */
	union {
		uint32_t number;
		struct span text;
	} values[PROPERTY_IDS];
};

static inline bool property_present(const struct properties *p, enum property_id id)
{
	return (p->present >> id & 1) != 0;
}

/* The number of a property, or `absent` when the packet does not have it. */
static inline uint32_t property_number(
		const struct properties *p, enum property_id id, uint32_t absent)
{
	return property_present(p, id) ? p->values[id].number : absent;
}

/* The text or binary data of a property; data is NULL when the packet does not have it. */
static inline struct span property_text(const struct properties *p, enum property_id id)
{
	return property_present(p, id) ? p->values[id].text : (struct span){ NULL, 0 };
}

/*
 * Read the property length and the properties of a packet of type `where`. A property that is
 * unknown, not allowed there, given twice, or out of its range is an error:
 * MQTT_MALFORMED_PACKET or MQTT_PROTOCOL_ERROR as the specification has it.
 */
enum mqtt_reason properties_decode(
		struct reader *r, enum packet_type where, struct properties *ret);

/* Step through encoded properties that have been validated. False at the end. */
bool property_next(struct reader *r, struct property *ret);

void property_write_number(struct writer *w, enum property_id id, uint32_t value);
void property_write_text(struct writer *w, enum property_id id, struct span text);
void property_write_pair(struct writer *w, struct span name, struct span value);

#endif
