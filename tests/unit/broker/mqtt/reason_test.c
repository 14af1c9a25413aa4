/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/reason.h"

#include "broker/mqtt/types.h"
#include "tests/unit/unit.h"

static void every_code_of_mqtt_5_is_known_and_no_other(void **unused)
{
	/* v5 table 2-6 */
	static const uint8_t codes[] = { 0x00, 0x01, 0x02, 0x04, 0x10, 0x11, 0x18, 0x19, 0x80, 0x81,
		0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f,
		0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d,
		0x9e, 0x9f, 0xa0, 0xa1, 0xa2 };

	(void)unused;
	for (unsigned code = 0; code < 256; code++) {
		bool known = memchr(codes, (int)code, sizeof(codes)) != NULL;

		assert_int_equal(mqtt_reason_known((uint8_t)code), known);
		assert_int_equal(strcmp(mqtt_reason_text((enum mqtt_reason)code),
						 "unknown reason") != 0,
				known);
		assert_int_equal(mqtt_reason_is_failure((enum mqtt_reason)code), code >= 0x80);
	}
}

static void older_clients_are_told_what_their_version_knows(void **unused)
{
	(void)unused;
	assert_int_equal(mqtt_reason_to_connack_v3(MQTT_SUCCESS), 0);
	assert_int_equal(mqtt_reason_to_connack_v3(MQTT_UNSUPPORTED_PROTOCOL_VERSION), 1);
	assert_int_equal(mqtt_reason_to_connack_v3(MQTT_CLIENT_IDENTIFIER_NOT_VALID), 2);
	assert_int_equal(mqtt_reason_to_connack_v3(MQTT_SERVER_UNAVAILABLE), 3);
	assert_int_equal(mqtt_reason_to_connack_v3(MQTT_BAD_USER_NAME_OR_PASSWORD), 4);
	assert_int_equal(mqtt_reason_to_connack_v3(MQTT_NOT_AUTHORIZED), 5);
	for (unsigned code = 1; code < 256; code++)
		assert_in_range(mqtt_reason_to_connack_v3((enum mqtt_reason)code), 1, 5);
}

static void packets_have_names(void **unused)
{
	(void)unused;
	assert_string_equal(packet_type_name(PACKET_CONNECT), "CONNECT");
	assert_string_equal(packet_type_name(PACKET_AUTH), "AUTH");
	assert_string_equal(packet_type_name((enum packet_type)0), "reserved");
	assert_string_equal(packet_type_name((enum packet_type)99), "reserved");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_of_mqtt_5_is_known_and_no_other),
		cmocka_unit_test(older_clients_are_told_what_their_version_knows),
		cmocka_unit_test(packets_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
