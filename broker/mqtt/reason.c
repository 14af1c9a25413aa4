/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/reason.h"

const char *mqtt_reason_text(enum mqtt_reason reason)
{
	switch (reason) {
#define REASON_TEXT(name, code, text)                                                              \
	case MQTT_##name:                                                                          \
		return text;
		MQTT_REASONS(REASON_TEXT)
#undef REASON_TEXT
	}
	return "unknown reason";
}

bool mqtt_reason_known(uint8_t code)
{
	static const uint8_t known[] = {
#define REASON_CODE(name, code, text) code,
		MQTT_REASONS(REASON_CODE)
#undef REASON_CODE
	};

	for (size_t i = 0; i < array_size(known); i++) {
		if (known[i] == code)
			return true;
	}
	return false;
}

uint8_t mqtt_reason_to_connack_v3(enum mqtt_reason reason)
{
	static const struct {
		enum mqtt_reason reason;
		uint8_t code;
	} map[] = {
		{ MQTT_SUCCESS, 0 },
		{ MQTT_UNSUPPORTED_PROTOCOL_VERSION, 1 },
		{ MQTT_CLIENT_IDENTIFIER_NOT_VALID, 2 },
		{ MQTT_SERVER_UNAVAILABLE, 3 },
		{ MQTT_SERVER_BUSY, 3 },
		{ MQTT_QUOTA_EXCEEDED, 3 },
		{ MQTT_BAD_USER_NAME_OR_PASSWORD, 4 },
	};

	for (size_t i = 0; i < array_size(map); i++) {
		if (map[i].reason == reason)
			return map[i].code;
	}
	return 5; /* not authorized */
}
