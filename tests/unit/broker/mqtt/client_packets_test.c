/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/client_packets.h"

#include "broker/mqtt/decode.h"
#include "tests/unit/unit.h"

static uint8_t at[512];
static struct writer w;

static struct frame framed(struct span packet)
{
	struct frame frame;

	assert_int_equal(frame_next(packet, SIZE_MAX, &frame), FRAME_COMPLETE);
	assert_int_equal(frame.size, packet.len);
	return frame;
}

static struct span connect(const struct connect_form *form)
{
	w = writer_of(at, sizeof(at));
	encode_connect(&w, form);
	assert_false(writer_failed(&w));
	assert_int_equal(writer_span(&w).len, connect_size(form));
	return writer_span(&w);
}

static void connect_has_the_form_of_its_version(void **unused)
{
	struct connect_form form = {
		.version = MQTT_3_1_1, .keep_alive = 60, .client_id = BYTES("b")
	};

	(void)unused;
	assert_span_equal(connect(&form), BYTES("\x10\x0d\0\4MQTT\4\0\0\x3c\0\1b"));
	form.is_bridge = true;
	assert_span_equal(connect(&form), BYTES("\x10\x0d\0\4MQTT\x84\0\0\x3c\0\1b"));
	form.version = MQTT_3_1;
	form.clean_start = true;
	assert_span_equal(connect(&form), BYTES("\x10\x0f\0\6MQIsdp\x83\2\0\x3c\0\1b"));
	form.version = MQTT_5; /* which has no mark: no local is its way */
	form.properties = BYTES("\x21\0\x14");
	assert_span_equal(connect(&form), BYTES("\x10\x11\0\4MQTT\5\2\0\x3c\3\x21\0\x14\0\1b"));
}

static void connect_is_decoded_as_it_was_meant(void **unused)
{
	struct connect_form form = { .keep_alive = 9,
		.client_id = BYTES("bridge"),
		.will_topic = BYTES("state"),
		.will_payload = BYTES("0"),
		.will_qos = 1,
		.will_retain = true,
		.user_name = BYTES("u"),
		.password = BYTES("p\0q") };
	struct connect_packet packet;
	struct frame frame;

	(void)unused;
	for (form.version = MQTT_3_1; form.version <= MQTT_5; form.version++) {
		form.is_bridge = form.version != MQTT_5;
		frame = framed(connect(&form));
		assert_int_equal(decode_connect(&frame, &packet), MQTT_SUCCESS);
		assert_int_equal(packet.version, form.version);
		assert_int_equal(packet.is_bridge, form.is_bridge);
		assert_int_equal(packet.keep_alive, 9);
		assert_span_text(packet.client_id, "bridge");
		assert_true(packet.has_will && packet.will.retain);
		assert_int_equal(packet.will.qos, 1);
		assert_span_text(packet.will.topic, "state");
		assert_span_text(packet.will.payload, "0");
		assert_span_text(packet.user_name, "u");
		assert_span_equal(packet.password, BYTES("p\0q"));
	}
}

static void subscriptions_are_decoded_as_they_were_meant(void **unused)
{
	(void)unused;
	for (enum mqtt_version version = MQTT_3_1; version <= MQTT_5; version++) {
		struct subscribe_packet packet;
		struct span filter = BYTES("a/#");
		struct frame frame;
		uint8_t options;

		w = writer_of(at, sizeof(at));
		encode_subscribe(&w, PACKET_SUBSCRIBE, version, 0x1234, filter, 2);
		assert_int_equal(writer_span(&w).len,
				subscribe_size(PACKET_SUBSCRIBE, version, filter));
		frame = framed(writer_span(&w));
		assert_int_equal(decode_subscribe(&frame, version, &packet), MQTT_SUCCESS);
		assert_int_equal(packet.packet_id, 0x1234);
		assert_true(subscribe_next(&packet, &filter, &options));
		assert_span_text(filter, "a/#");
		assert_int_equal(options, 2);
		w = writer_of(at, sizeof(at));
		encode_subscribe(&w, PACKET_UNSUBSCRIBE, version, 7, filter, 0);
		assert_int_equal(writer_span(&w).len,
				subscribe_size(PACKET_UNSUBSCRIBE, version, filter));
		frame = framed(writer_span(&w));
		assert_int_equal(decode_unsubscribe(&frame, version, &packet), MQTT_SUCCESS);
		assert_true(subscribe_next(&packet, &filter, &options));
		assert_span_text(filter, "a/#");
		assert_false(subscribe_next(&packet, &filter, &options));
	}
	w = writer_of(at, sizeof(at));
	encode_pingreq(&w);
	assert_span_equal(writer_span(&w), BYTES("\xc0\0"));
}

static enum mqtt_reason connack(
		struct span packet, enum mqtt_version version, struct connack_packet *ret)
{
	struct frame frame = framed(packet);

	return decode_connack(&frame, version, ret);
}

static void connack_says_yes_or_why_not(void **unused)
{
	struct connack_packet packet;

	(void)unused;
	assert_int_equal(connack(BYTES("\x20\2\1\0"), MQTT_3_1_1, &packet), MQTT_SUCCESS);
	assert_true(packet.session_present);
	assert_int_equal(packet.reason, MQTT_SUCCESS);
	assert_int_equal(connack(BYTES("\x20\2\1\0"), MQTT_3_1, &packet), MQTT_SUCCESS);
	assert_false(packet.session_present); /* a reserved byte */
	assert_int_equal(connack(BYTES("\x20\2\0\5"), MQTT_3_1_1, &packet), MQTT_SUCCESS);
	assert_int_equal(packet.reason, MQTT_NOT_AUTHORIZED);
	assert_int_equal(connack(BYTES("\x20\2\0\4"), MQTT_3_1, &packet), MQTT_SUCCESS);
	assert_int_equal(packet.reason, MQTT_BAD_USER_NAME_OR_PASSWORD);
	assert_int_equal(connack(BYTES("\x20\6\1\0\3\x21\0\5"), MQTT_5, &packet), MQTT_SUCCESS);
	assert_int_equal(property_number(&packet.properties, PROPERTY_RECEIVE_MAXIMUM, 0), 5);
	assert_int_equal(connack(BYTES("\x20\3\0\x9a\0"), MQTT_5, &packet), MQTT_SUCCESS);
	assert_int_equal(packet.reason, MQTT_RETAIN_NOT_SUPPORTED);
}

static void connack_that_is_none_is_an_error(void **unused)
{
	struct connack_packet packet;

	(void)unused;
	assert_int_equal(connack(BYTES("\x20\1\0"), MQTT_3_1_1, &packet), MQTT_MALFORMED_PACKET);
	assert_int_equal(connack(BYTES("\x20\0"), MQTT_3_1_1, &packet), MQTT_MALFORMED_PACKET);
	assert_int_equal(
			connack(BYTES("\x20\3\0\0\0"), MQTT_3_1_1, &packet), MQTT_MALFORMED_PACKET);
	assert_int_equal(connack(BYTES("\x21\2\0\0"), MQTT_3_1_1, &packet), MQTT_MALFORMED_PACKET);
	assert_int_equal(connack(BYTES("\x20\2\2\0"), MQTT_3_1_1, &packet), MQTT_MALFORMED_PACKET);
	assert_int_equal(connack(BYTES("\x20\2\0\6"), MQTT_3_1_1, &packet), MQTT_PROTOCOL_ERROR);
	assert_int_equal(connack(BYTES("\x20\2\1\5"), MQTT_3_1_1, &packet), MQTT_PROTOCOL_ERROR);
	assert_int_equal(connack(BYTES("\x20\3\0\1\0"), MQTT_5, &packet), MQTT_PROTOCOL_ERROR);
	assert_int_equal(connack(BYTES("\x20\2\0\0"), MQTT_5, &packet), MQTT_MALFORMED_PACKET);
	/* a property that a CONNACK does not have */
	assert_int_equal(connack(BYTES("\x20\6\0\0\3\x23\0\1"), MQTT_5, &packet),
			MQTT_MALFORMED_PACKET);
}

static enum mqtt_reason suback(
		struct span packet, enum mqtt_version version, struct suback_packet *ret)
{
	struct frame frame = framed(packet);

	return decode_suback(&frame, version, ret);
}

static void subacks_have_the_codes_of_their_version(void **unused)
{
	struct suback_packet packet;

	(void)unused;
	assert_int_equal(suback(BYTES("\x90\3\0\7\x80"), MQTT_3_1_1, &packet), MQTT_SUCCESS);
	assert_int_equal(packet.packet_id, 7);
	assert_span_equal(packet.codes, BYTES("\x80"));
	assert_int_equal(suback(BYTES("\xb0\2\0\7"), MQTT_3_1_1, &packet), MQTT_SUCCESS);
	assert_int_equal(packet.codes.len, 0);
	assert_int_equal(suback(BYTES("\x90\4\0\7\0\x87"), MQTT_5, &packet), MQTT_SUCCESS);
	assert_int_equal(suback(BYTES("\xb0\4\0\7\0\x11"), MQTT_5, &packet), MQTT_SUCCESS);
	assert_int_equal(suback(BYTES("\x90\3\0\7\x03"), MQTT_3_1_1, &packet),
			MQTT_PROTOCOL_ERROR); /* [v3 MQTT-3.9.3-2] */
	assert_int_equal(suback(BYTES("\x90\4\0\7\0\x11"), MQTT_5, &packet), MQTT_PROTOCOL_ERROR);
	assert_int_equal(suback(BYTES("\x90\3\0\0\0"), MQTT_3_1_1, &packet), MQTT_PROTOCOL_ERROR);
	assert_int_equal(suback(BYTES("\x92\3\0\7\0"), MQTT_3_1_1, &packet), MQTT_MALFORMED_PACKET);
	assert_int_equal(suback(BYTES("\x90\2\0\7"), MQTT_3_1_1, &packet), MQTT_MALFORMED_PACKET);
	assert_int_equal(suback(BYTES("\x90\1\0"), MQTT_3_1_1, &packet), MQTT_MALFORMED_PACKET);
	assert_int_equal(suback(BYTES("\xb0\3\0\7\0"), MQTT_3_1_1, &packet), MQTT_MALFORMED_PACKET);
}

static void pingresp_is_empty(void **unused)
{
	struct frame frame = framed(BYTES("\xd0\0"));

	(void)unused;
	assert_int_equal(decode_pingresp(&frame), MQTT_SUCCESS);
	frame = framed(BYTES("\xd0\1\0"));
	assert_int_equal(decode_pingresp(&frame), MQTT_MALFORMED_PACKET);
	frame = framed(BYTES("\xd1\0"));
	assert_int_equal(decode_pingresp(&frame), MQTT_MALFORMED_PACKET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_has_the_form_of_its_version),
		cmocka_unit_test(connect_is_decoded_as_it_was_meant),
		cmocka_unit_test(subscriptions_are_decoded_as_they_were_meant),
		cmocka_unit_test(connack_says_yes_or_why_not),
		cmocka_unit_test(connack_that_is_none_is_an_error),
		cmocka_unit_test(subacks_have_the_codes_of_their_version),
		cmocka_unit_test(pingresp_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
