/* SPDX-License-Identifier: MIT */
/*
 * MQTT 5 reason codes (v5 2.4): the protocol's own error alphabet, and the one in which the
 * broker's pure layers report what a peer did wrong. 0 is success, 0x80 and above are failures.
 */
#ifndef BROKER_MQTT_REASON_H
#define BROKER_MQTT_REASON_H

#include "common/base.h"

/* clang-format off */
#define MQTT_REASONS(X) \
	X(SUCCESS,                       0x00, "success") \
	X(GRANTED_QOS_1,                 0x01, "granted QoS 1") \
	X(GRANTED_QOS_2,                 0x02, "granted QoS 2") \
	X(DISCONNECT_WITH_WILL,          0x04, "disconnect with will message") \
	X(NO_MATCHING_SUBSCRIBERS,       0x10, "no matching subscribers") \
	X(NO_SUBSCRIPTION_EXISTED,       0x11, "no subscription existed") \
	X(CONTINUE_AUTHENTICATION,       0x18, "continue authentication") \
	X(REAUTHENTICATE,                0x19, "re-authenticate") \
	X(UNSPECIFIED_ERROR,             0x80, "unspecified error") \
	X(MALFORMED_PACKET,              0x81, "malformed packet") \
	X(PROTOCOL_ERROR,                0x82, "protocol error") \
	X(IMPLEMENTATION_SPECIFIC_ERROR, 0x83, "implementation specific error") \
	X(UNSUPPORTED_PROTOCOL_VERSION,  0x84, "unsupported protocol version") \
	X(CLIENT_IDENTIFIER_NOT_VALID,   0x85, "client identifier not valid") \
	X(BAD_USER_NAME_OR_PASSWORD,     0x86, "bad user name or password") \
	X(NOT_AUTHORIZED,                0x87, "not authorized") \
	X(SERVER_UNAVAILABLE,            0x88, "server unavailable") \
	X(SERVER_BUSY,                   0x89, "server busy") \
	X(BANNED,                        0x8a, "banned") \
	X(SERVER_SHUTTING_DOWN,          0x8b, "server shutting down") \
	X(BAD_AUTHENTICATION_METHOD,     0x8c, "bad authentication method") \
	X(KEEP_ALIVE_TIMEOUT,            0x8d, "keep alive timeout") \
	X(SESSION_TAKEN_OVER,            0x8e, "session taken over") \
	X(TOPIC_FILTER_INVALID,          0x8f, "topic filter invalid") \
	X(TOPIC_NAME_INVALID,            0x90, "topic name invalid") \
	X(PACKET_IDENTIFIER_IN_USE,      0x91, "packet identifier in use") \
	X(PACKET_IDENTIFIER_NOT_FOUND,   0x92, "packet identifier not found") \
	X(RECEIVE_MAXIMUM_EXCEEDED,      0x93, "receive maximum exceeded") \
	X(TOPIC_ALIAS_INVALID,           0x94, "topic alias invalid") \
	X(PACKET_TOO_LARGE,              0x95, "packet too large") \
	X(MESSAGE_RATE_TOO_HIGH,         0x96, "message rate too high") \
	X(QUOTA_EXCEEDED,                0x97, "quota exceeded") \
	X(ADMINISTRATIVE_ACTION,         0x98, "administrative action") \
	X(PAYLOAD_FORMAT_INVALID,        0x99, "payload format invalid") \
	X(RETAIN_NOT_SUPPORTED,          0x9a, "retain not supported") \
	X(QOS_NOT_SUPPORTED,             0x9b, "QoS not supported") \
	X(USE_ANOTHER_SERVER,            0x9c, "use another server") \
	X(SERVER_MOVED,                  0x9d, "server moved") \
	X(SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, 0x9e, "shared subscriptions not supported") \
	X(CONNECTION_RATE_EXCEEDED,      0x9f, "connection rate exceeded") \
	X(MAXIMUM_CONNECT_TIME,          0xa0, "maximum connect time") \
	X(SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED, 0xa1, "subscription identifiers not supported") \
	X(WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,   0xa2, "wildcard subscriptions not supported")
/* clang-format on */

#define MQTT_REASON_ENUM(name, code, text) MQTT_##name = (code),
enum mqtt_reason { MQTT_REASONS(MQTT_REASON_ENUM) };
#undef MQTT_REASON_ENUM

/* In DISCONNECT, 0x00 reads "normal disconnection" and in SUBACK "granted QoS 0". */
#define MQTT_NORMAL_DISCONNECTION MQTT_SUCCESS

/* For people: "session taken over"; "unknown reason" for a code that MQTT does not define. */
const char *mqtt_reason_text(enum mqtt_reason reason);

/* Is it one of the codes that MQTT 5 defines? */
bool mqtt_reason_known(uint8_t code);

static inline bool mqtt_reason_is_failure(enum mqtt_reason reason)
{
	return reason >= 0x80;
}

/* The CONNACK return code of MQTT 3.1 and 3.1.1 (v3 table 3.1) that says the same best. */
uint8_t mqtt_reason_to_connack_v3(enum mqtt_reason reason);

#endif
