/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/types.h"

const char *packet_type_name(enum packet_type type)
{
	static const char *const names[] = { "reserved", "CONNECT", "CONNACK", "PUBLISH", "PUBACK",
		"PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK",
		"PINGREQ", "PINGRESP", "DISCONNECT", "AUTH", "will" };

	return (size_t)type < array_size(names) ? names[type] : "reserved";
}
