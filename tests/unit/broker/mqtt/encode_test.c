/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/encode.h"

#include "tests/unit/unit.h"

#define NO_WHY ((struct span){ NULL, 0 })

static uint8_t at[512];
static struct writer w;

static int begin(void **unused)
{
	(void)unused;
	w = writer_of(at, sizeof(at));
	return 0;
}

static void assert_written(struct span wanted)
{
	assert_false(writer_failed(&w));
	assert_span_equal(writer_span(&w), wanted);
	w = writer_of(at, sizeof(at));
}

static void connack_has_the_form_of_its_version(void **unused)
{
	struct connack c = { .version = MQTT_3_1, .session_present = true };

	(void)unused;
	encode_connack(&w, &c);
	assert_written(BYTES("\x20\2\0\0")); /* 3.1 knows no session present flag */
	c.version = MQTT_3_1_1;
	encode_connack(&w, &c);
	assert_written(BYTES("\x20\2\1\0"));
	c = (struct connack){ .version = MQTT_3_1_1, .reason = MQTT_NOT_AUTHORIZED };
	encode_connack(&w, &c);
	assert_written(BYTES("\x20\2\0\5"));
	c.version = MQTT_5;
	encode_connack(&w, &c);
	assert_written(BYTES("\x20\3\0\x87\0"));
	c.properties = BYTES("\x21\0\x14");
	encode_connack(&w, &c);
	assert_written(BYTES("\x20\6\0\x87\3\x21\0\x14"));
}

static void acknowledgements_carry_a_reason_only_in_version_5(void **unused)
{
	(void)unused;
	encode_ack(&w, PACKET_PUBACK, MQTT_3_1_1, 0x1234, MQTT_QUOTA_EXCEEDED, NO_WHY);
	assert_written(BYTES("\x40\2\x12\x34"));
	encode_ack(&w, PACKET_PUBACK, MQTT_5, 0x1234, MQTT_SUCCESS, NO_WHY);
	assert_written(BYTES("\x40\2\x12\x34"));
	encode_ack(&w, PACKET_PUBREC, MQTT_5, 0x1234, MQTT_QUOTA_EXCEEDED, NO_WHY);
	assert_written(BYTES("\x50\3\x12\x34\x97"));
	encode_ack(&w, PACKET_PUBREL, MQTT_5, 1, MQTT_SUCCESS, NO_WHY); /* [v5 MQTT-3.6.1-1] */
	assert_written(BYTES("\x62\2\0\1"));
	encode_ack(&w, PACKET_PUBCOMP, MQTT_3_1, 1, MQTT_SUCCESS, NO_WHY);
	assert_written(BYTES("\x70\2\0\1"));
}

static void suback_maps_failures_for_older_versions(void **unused)
{
	static const uint8_t codes[] = { 0, 2, 0x8f };

	(void)unused;
	encode_suback(&w, PACKET_SUBACK, MQTT_3_1_1, 1, codes, 3, NO_WHY);
	assert_written(BYTES("\x90\5\0\1\0\2\x80"));
	encode_suback(&w, PACKET_SUBACK, MQTT_5, 1, codes, 3, NO_WHY);
	assert_written(BYTES("\x90\6\0\1\0\0\2\x8f"));
	encode_suback(&w, PACKET_UNSUBACK, MQTT_3_1_1, 1, codes, 3, NO_WHY);
	assert_written(BYTES("\xb0\2\0\1"));
	encode_suback(&w, PACKET_UNSUBACK, MQTT_5, 1, codes, 3, NO_WHY);
	assert_written(BYTES("\xb0\6\0\1\0\0\2\x8f"));
}

static void small_packets(void **unused)
{
	(void)unused;
	encode_pingresp(&w);
	assert_written(BYTES("\xd0\0"));
	encode_disconnect(&w, MQTT_SESSION_TAKEN_OVER, NO_WHY);
	assert_written(BYTES("\xe0\1\x8e"));
}

static void a_packet_that_does_not_fit_fails(void **unused)
{
	(void)unused;
	w = writer_of(at, 3);
	encode_ack(&w, PACKET_PUBACK, MQTT_5, 1, MQTT_SUCCESS, NO_WHY);
	assert_true(writer_failed(&w));
}

static void publish_headers_leave_room_for_the_identifier(void **unused)
{
	struct publish_form form = {
		.version = MQTT_3_1_1, .topic = BYTES("a/b"), .payload_len = 9
	};
	size_t id_at = 0;

	(void)unused;
	encode_publish_header(&w, &form, &id_at);
	assert_written(BYTES("\x30\x0e\0\3a/b"));
	form.has_packet_id = true;
	encode_publish_header(&w, &form, &id_at);
	assert_int_equal(id_at, 7);
	assert_written(BYTES("\x30\x10\0\3a/b\0\0"));
	form.version = MQTT_5;
	form.properties[0] = BYTES("\x0b\7");
	form.properties[2] = BYTES("\x01\1");
	encode_publish_header(&w, &form, &id_at);
	assert_int_equal(id_at, 7);
	assert_written(BYTES("\x30\x15\0\3a/b\0\0\4\x0b\7\x01\1"));
	assert_int_equal(publish_size(&form), 2 + 0x15);
}

static void the_size_counts_every_byte_of_the_length_field(void **unused)
{
	struct publish_form form = { .version = MQTT_3_1_1, .topic = BYTES("a") };

	(void)unused;
	form.payload_len = 127 - 3;
	assert_int_equal(publish_size(&form), 2 + 127);
	form.payload_len = 128 - 3;
	assert_int_equal(publish_size(&form), 3 + 128);
	form.payload_len = MAX_REMAINING_LENGTH - 3;
	assert_int_equal(publish_size(&form), 5 + MAX_REMAINING_LENGTH);
	/* longer than MQTT can say: the caller sees it by its size, the writer fails */
	form.payload_len++;
	assert_true(publish_size(&form) > MAX_REMAINING_LENGTH + MAX_FIXED_HEADER);
	encode_publish_header(&w, &form, &form.payload_len);
	assert_true(writer_failed(&w));
}

static void the_first_byte_holds_the_flags(void **unused)
{
	(void)unused;
	assert_int_equal(publish_first_byte(0, false, false), 0x30);
	assert_int_equal(publish_first_byte(1, true, false), 0x33);
	assert_int_equal(publish_first_byte(2, false, true), 0x3c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(connack_has_the_form_of_its_version, begin),
		cmocka_unit_test_setup(acknowledgements_carry_a_reason_only_in_version_5, begin),
		cmocka_unit_test_setup(suback_maps_failures_for_older_versions, begin),
		cmocka_unit_test_setup(small_packets, begin),
		cmocka_unit_test_setup(a_packet_that_does_not_fit_fails, begin),
		cmocka_unit_test_setup(publish_headers_leave_room_for_the_identifier, begin),
		cmocka_unit_test_setup(the_size_counts_every_byte_of_the_length_field, begin),
		cmocka_unit_test(the_first_byte_holds_the_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
