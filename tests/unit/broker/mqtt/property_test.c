/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/property.h"

#include "tests/unit/unit.h"

/*
 * v5 table 2-4, written down a second time: what the specification says, to hold the table of
 * property.c against. One letter for each packet: C connect, c connack, P publish, w will, a
 * puback, r pubrec, l pubrel, m pubcomp, S subscribe, s suback, U unsubscribe, u unsuback, D
 * disconnect, A auth.
 */
static const struct {
	uint8_t id;
	const char *packets;
	struct span value; /* a valid one */
} rows[] = {
	{ 1, "Pw", SPAN("\1") },
	{ 2, "Pw", SPAN("\0\0\0\1") },
	{ 3, "Pw", SPAN("\0\1t") },
	{ 8, "Pw", SPAN("\0\1t") },
	{ 9, "Pw", SPAN("\0\1\xff") },
	{ 11, "PS", SPAN("\1") },
	{ 17, "CcD", SPAN("\0\0\0\1") },
	{ 18, "c", SPAN("\0\1t") },
	{ 19, "c", SPAN("\0\1") },
	{ 21, "CcA", SPAN("\0\1t") },
	{ 22, "CcA", SPAN("\0\1\xff") },
	{ 23, "C", SPAN("\1") },
	{ 24, "w", SPAN("\0\0\0\1") },
	{ 25, "C", SPAN("\1") },
	{ 26, "c", SPAN("\0\1t") },
	{ 28, "cD", SPAN("\0\1t") },
	{ 31, "carlmsuDA", SPAN("\0\1t") },
	{ 33, "Cc", SPAN("\0\1") },
	{ 34, "Cc", SPAN("\0\1") },
	{ 35, "P", SPAN("\0\1") },
	{ 36, "c", SPAN("\1") },
	{ 37, "c", SPAN("\1") },
	{ 38, "CcPwarlmSsUuDA", SPAN("\0\1n\0\1v") },
	{ 39, "Cc", SPAN("\0\0\0\1") },
	{ 40, "c", SPAN("\1") },
	{ 41, "c", SPAN("\1") },
	{ 42, "c", SPAN("\1") },
};

static const struct {
	char letter;
	enum packet_type type;
} packets[] = {
	{ 'C', PACKET_CONNECT },
	{ 'c', PACKET_CONNACK },
	{ 'P', PACKET_PUBLISH },
	{ 'a', PACKET_PUBACK },
	{ 'r', PACKET_PUBREC },
	{ 'l', PACKET_PUBREL },
	{ 'm', PACKET_PUBCOMP },
	{ 'S', PACKET_SUBSCRIBE },
	{ 's', PACKET_SUBACK },
	{ 'U', PACKET_UNSUBSCRIBE },
	{ 'u', PACKET_UNSUBACK },
	{ 'D', PACKET_DISCONNECT },
	{ 'A', PACKET_AUTH },
	{ 'w', PACKET_WILL },
};

static enum mqtt_reason decode(struct span list, enum packet_type where, struct properties *ret)
{
	uint8_t at[256];
	struct writer w = writer_of(at, sizeof(at));
	struct reader r;
	enum mqtt_reason reason;

	write_varint(&w, (uint32_t)list.len);
	write_bytes(&w, list);
	write_u8(&w, 0xee); /* what follows the properties is left alone */
	assert_false(writer_failed(&w));
	r = reader_of(writer_span(&w));
	reason = properties_decode(&r, where, ret);
	if (reason == MQTT_SUCCESS)
		assert_int_equal(reader_left(&r), 1);
	return reason;
}

static struct span property(uint8_t at[128], uint8_t id, struct span value, unsigned times)
{
	struct writer w = writer_of(at, 128);

	while (times-- > 0) {
		write_u8(&w, id);
		write_bytes(&w, value);
	}
	return writer_span(&w);
}

static void each_property_stands_only_in_its_packets(void **unused)
{
	uint8_t at[128];
	struct properties p;

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		for (size_t k = 0; k < array_size(packets); k++) {
			struct span list = property(at, rows[i].id, rows[i].value, 1);
			bool allowed = strchr(rows[i].packets, packets[k].letter) != NULL;

			print_message("%u in %c\n", rows[i].id, packets[k].letter);
			assert_int_equal(decode(list, packets[k].type, &p),
					allowed ? MQTT_SUCCESS
						: MQTT_MALFORMED_PACKET); /* v5 2.2.2.2 */
			if (allowed)
				assert_true(property_present(&p, (enum property_id)rows[i].id));
		}
	}
}

static void only_user_properties_and_a_servers_identifiers_repeat(void **unused)
{
	uint8_t at[128];
	struct properties p;

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		for (size_t k = 0; k < array_size(packets); k++) {
			struct span list = property(at, rows[i].id, rows[i].value, 2);
			bool repeats = rows[i].id == PROPERTY_USER_PROPERTY ||
				       (rows[i].id == PROPERTY_SUBSCRIPTION_IDENTIFIER &&
						       packets[k].type == PACKET_PUBLISH);

			if (strchr(rows[i].packets, packets[k].letter) == NULL)
				continue;
			print_message("%u in %c\n", rows[i].id, packets[k].letter);
			assert_int_equal(decode(list, packets[k].type, &p),
					repeats ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR);
		}
	}
}

static void unknown_identifiers_are_malformed(void **unused)
{
	uint8_t at[128];
	struct properties p;

	(void)unused;
	for (unsigned id = 0; id < 128; id++) {
		bool known = false;

		for (size_t i = 0; i < array_size(rows); i++)
			known = known || rows[i].id == id;
		assert_int_equal(property_info(id)->name != NULL, known);
		if (!known)
			assert_int_equal(decode(property(at, (uint8_t)id, BYTES("\0\1t"), 1),
							 PACKET_PUBLISH, &p),
					MQTT_MALFORMED_PACKET);
	}
	assert_null(property_info(UINT32_MAX)->name);
	assert_int_equal(decode(BYTES("\xff\xff\xff\x7f"), PACKET_PUBLISH, &p),
			MQTT_MALFORMED_PACKET);
}

static void values_have_bounds(void **unused)
{
	static const struct {
		struct span list;
		enum packet_type where;
		enum mqtt_reason reason;
	} bounds[] = {
		{ SPAN("\x01\0"), PACKET_PUBLISH, MQTT_SUCCESS },
		{ SPAN("\x01\2"), PACKET_PUBLISH, MQTT_PROTOCOL_ERROR },
		{ SPAN("\x17\2"), PACKET_CONNECT, MQTT_PROTOCOL_ERROR },
		{ SPAN("\x19\2"), PACKET_CONNECT, MQTT_PROTOCOL_ERROR },
		{ SPAN("\x21\0\0"), PACKET_CONNECT, MQTT_PROTOCOL_ERROR },
		{ SPAN("\x21\xff\xff"), PACKET_CONNECT, MQTT_SUCCESS },
		{ SPAN("\x22\0\0"), PACKET_CONNECT, MQTT_SUCCESS },
		{ SPAN("\x27\0\0\0\0"), PACKET_CONNECT, MQTT_PROTOCOL_ERROR },
		{ SPAN("\x27\xff\xff\xff\xff"), PACKET_CONNECT, MQTT_SUCCESS },
		{ SPAN("\x0b\0"), PACKET_SUBSCRIBE, MQTT_PROTOCOL_ERROR },
		{ SPAN("\x0b\xff\xff\xff\x7f"), PACKET_SUBSCRIBE, MQTT_SUCCESS },
		{ SPAN("\x0b\xff\xff\xff\xff\1"), PACKET_SUBSCRIBE, MQTT_MALFORMED_PACKET },
		{ SPAN("\x24\2"), PACKET_CONNACK, MQTT_PROTOCOL_ERROR },
		{ SPAN("\x03\0\1\xff"), PACKET_PUBLISH, MQTT_MALFORMED_PACKET },
		{ SPAN("\x03\0\1\0"), PACKET_PUBLISH, MQTT_MALFORMED_PACKET },
		{ SPAN("\x26\0\1\xff\0\1v"), PACKET_PUBLISH, MQTT_MALFORMED_PACKET },
		{ SPAN("\x26\0\1n\0\1\xff"), PACKET_PUBLISH, MQTT_MALFORMED_PACKET },
		{ SPAN("\x26\0\0\0\0"), PACKET_PUBLISH, MQTT_SUCCESS },
	};
	struct properties p;

	(void)unused;
	for (size_t i = 0; i < array_size(bounds); i++) {
		print_message("row %zu\n", i);
		assert_int_equal(decode(bounds[i].list, bounds[i].where, &p), bounds[i].reason);
	}
}

static void a_list_that_breaks_off_anywhere_is_malformed(void **unused)
{
	uint8_t at[128];
	struct properties p;

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct span list = property(at, rows[i].id, rows[i].value, 1);

		for (size_t k = 0; k < array_size(packets); k++) {
			for (size_t len = 1; len < list.len; len++)
				assert_int_not_equal(
						decode(span_first(list, len), packets[k].type, &p),
						MQTT_SUCCESS);
		}
	}
}

static void a_length_behind_the_end_is_malformed(void **unused)
{
	struct reader r = reader_of(BYTES("\x03\x01\x01"));
	struct properties p;

	(void)unused;
	assert_int_equal(properties_decode(&r, PACKET_PUBLISH, &p), MQTT_MALFORMED_PACKET);
	r = reader_of(BYTES(""));
	assert_int_equal(properties_decode(&r, PACKET_PUBLISH, &p), MQTT_MALFORMED_PACKET);
	r = reader_of(BYTES("\0"));
	assert_int_equal(properties_decode(&r, PACKET_PUBLISH, &p), MQTT_SUCCESS);
	assert_true(p.present == 0);
}

static void values_are_read_by_identifier(void **unused)
{
	struct properties p;

	(void)unused;
	assert_int_equal(decode(BYTES("\x02\0\0\x0e\x10\x03\0\4text\x23\x12\x34"), PACKET_PUBLISH,
					 &p),
			MQTT_SUCCESS);
	assert_int_equal(property_number(&p, PROPERTY_MESSAGE_EXPIRY_INTERVAL, 1), 3600);
	assert_int_equal(property_number(&p, PROPERTY_TOPIC_ALIAS, 1), 0x1234);
	assert_int_equal(property_number(&p, PROPERTY_PAYLOAD_FORMAT_INDICATOR, 77), 77);
	assert_span_text(property_text(&p, PROPERTY_CONTENT_TYPE), "text");
	assert_null(property_text(&p, PROPERTY_RESPONSE_TOPIC).data);
}

static void what_is_written_reads_back(void **unused)
{
	uint8_t at[128];

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct writer w = writer_of(at, sizeof(at));
		struct reader r = reader_of(rows[i].value);
		struct property p = { .id = (enum property_id)rows[i].id };
		struct properties back;
		enum property_wire wire = property_info(p.id)->wire;

		if (wire == WIRE_PAIR)
			property_write_pair(&w, BYTES("n"), BYTES("v"));
		else if (wire > WIRE_VARINT)
			property_write_text(&w, p.id, read_block16(&r));
		else
			property_write_number(&w, p.id, 1);
		assert_span_equal(span_from(writer_span(&w), 1), rows[i].value);
		for (size_t k = 0; k < array_size(packets); k++) {
			if (packets[k].letter == rows[i].packets[0])
				assert_int_equal(decode(writer_span(&w), packets[k].type, &back),
						MQTT_SUCCESS);
		}
	}
}

/* CVE-2021-41039: many user properties must not cost more than their bytes. */
static void a_hundred_thousand_user_properties_are_walked_once(void **unused)
{
	static uint8_t list[500004];
	struct writer w = writer_of(list, sizeof(list));
	struct properties p;
	struct reader r;

	(void)unused;
	write_varint(&w, 500000);
	for (int i = 0; i < 100000; i++)
		property_write_pair(&w, BYTES(""), BYTES(""));
	r = reader_of(writer_span(&w));
	assert_int_equal(properties_decode(&r, PACKET_CONNECT, &p), MQTT_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_property_stands_only_in_its_packets),
		cmocka_unit_test(only_user_properties_and_a_servers_identifiers_repeat),
		cmocka_unit_test(unknown_identifiers_are_malformed),
		cmocka_unit_test(values_have_bounds),
		cmocka_unit_test(a_list_that_breaks_off_anywhere_is_malformed),
		cmocka_unit_test(a_length_behind_the_end_is_malformed),
		cmocka_unit_test(values_are_read_by_identifier),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(a_hundred_thousand_user_properties_are_walked_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
