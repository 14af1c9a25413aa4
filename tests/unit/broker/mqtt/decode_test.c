/* SPDX-License-Identifier: MIT */
#include "broker/mqtt/decode.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

/*
 * One packet as bytes, without its length, and what becomes of it in each version. 0 stands for
 * success, M malformed, E protocol error, V unsupported version, A alias invalid, - not tried.
 */
static const struct {
	struct span packet;  /* first byte, then the body */
	const char *results; /* for 3.1, 3.1.1, 5 */
} rows[] = {
	/* PUBLISH */
	{ SPAN("\x30\0\1ax"), "00M" },
	{ SPAN("\x30\0\1a\0"), "000" },
	{ SPAN("\x30\0\1a"), "00M" }, /* version 5 needs the property length */
	{ SPAN("\x30\0\2a"), "MMM" },
	{ SPAN("\x30\0"), "MMM" },
	{ SPAN("\x30"), "MMM" },
	{ SPAN("\x38\0\1a\0"), "MMM" },	    /* DUP with QoS 0 [v5 MQTT-3.3.1-2] */
	{ SPAN("\x36\0\1a\0\1\0"), "MMM" }, /* QoS 3 [v5 MQTT-3.3.1-4] */
	{ SPAN("\x32\0\1a\0\0\0"), "EEE" }, /* identifier 0 [v5 MQTT-2.2.1-3] */
	{ SPAN("\x32\0\1a\0\1\0"), "000" },
	{ SPAN("\x3d\0\1a\0\1\0"), "000" },
	{ SPAN("\x32\0\1a\0"), "MMM" },
	{ SPAN("\x30\0\0\3\x23\0\1"), "000" },	    /* no topic: the session judges */
	{ SPAN("\x30\0\1a\3\x23\0\0"), "00A" },	    /* [v5 MQTT-3.3.2-8] */
	{ SPAN("\x30\0\1a\2\x0b\1"), "00E" },	    /* [v5 MQTT-3.3.4-6] */
	{ SPAN("\x30\0\1a\5\x11\0\0\0\1"), "00M" }, /* v5 2.2.2.2 */
	{ SPAN("\x30\0\1a\7\x11\0\0\0\1"), "00M" },
	/* PUBACK, PUBREC, PUBREL, PUBCOMP */
	{ SPAN("\x40\0\1"), "000" },
	{ SPAN("\x40\0\0"), "EEE" },
	{ SPAN("\x40\0"), "MMM" },
	{ SPAN("\x40"), "MMM" },
	{ SPAN("\x41\0\1"), "MMM" },
	{ SPAN("\x48\0\1"), "0MM" }, /* 3.1 knew DUP there */
	{ SPAN("\x40\0\1\0"), "MM0" },
	{ SPAN("\x40\0\1\x10\0"), "MM0" },
	{ SPAN("\x40\0\1\x92"), "MME" },
	{ SPAN("\x40\0\1\xff"), "MME" },
	{ SPAN("\x40\0\1\0\0\0"), "MMM" },
	{ SPAN("\x40\0\1\0\4\x1f\0\1r"), "MM0" },
	{ SPAN("\x40\0\1\0\3\x21\0\1"), "MMM" },
	{ SPAN("\x50\0\1\x97"), "MM0" },
	{ SPAN("\x62\0\1"), "000" },
	{ SPAN("\x60\0\1"), "MMM" }, /* [v5 MQTT-3.6.1-1] */
	{ SPAN("\x6a\0\1"), "0MM" },
	{ SPAN("\x62\0\1\x92"), "MM0" },
	{ SPAN("\x62\0\1\x80"), "MME" },
	{ SPAN("\x70\0\1\x92"), "MM0" },
	/* SUBSCRIBE */
	{ SPAN("\x82\0\1\0\1a\2"), "00M" },
	{ SPAN("\x82\0\1\0\0\1a\2"), "MM0" },
	{ SPAN("\x80\0\1\0\0\1a\2"), "MMM" }, /* [v5 MQTT-3.8.1-1] */
	{ SPAN("\x8a\0\1\0\1a\2"), "0MM" },
	{ SPAN("\x82\0\0\0\0\1a\2"), "EEE" },
	{ SPAN("\x82\0\1"), "EEM" },
	{ SPAN("\x82\0\1\0"), "MME" }, /* no filter [v5 MQTT-3.8.3-2] */
	{ SPAN("\x82\0\1\0\1a\3"), "MMM" },
	{ SPAN("\x82\0\1\0\0\1a\3"), "MMM" },
	{ SPAN("\x82\0\1\0\0\1a\x2e"), "MM0" },
	{ SPAN("\x82\0\1\0\1a\4"), "MMM" },
	{ SPAN("\x82\0\1\0\0\1a\x30"), "MME" }, /* retain handling 3 */
	{ SPAN("\x82\0\1\0\0\1a\x40"), "MMM" }, /* reserved [v5 MQTT-3.8.3-5] */
	{ SPAN("\x82\0\1\0\0\1a"), "MMM" },
	{ SPAN("\x82\0\1\0\0\1\xff\0"), "MMM" },
	{ SPAN("\x82\0\1\0\0\1a\0\0\1b\1"), "MM0" },
	{ SPAN("\x82\0\1\0\0\1a\0\0\1b\3"), "MMM" }, /* the last one is wrong: all of it is */
	{ SPAN("\x82\0\1\2\x0b\7\0\1a\0"), "MM0" },
	{ SPAN("\x82\0\1\4\x0b\7\x0b\7\0\1a\0"), "MME" },
	/* UNSUBSCRIBE */
	{ SPAN("\xa2\0\1\0\1a"), "00M" },
	{ SPAN("\xa2\0\1\0\0\1a"), "MM0" },
	{ SPAN("\xa0\0\1\0\0\1a"), "MMM" },
	{ SPAN("\xa2\0\1"), "EEM" },
	{ SPAN("\xa2\0\1\0"), "MME" },
	{ SPAN("\xa2\0\0\0\1a"), "EEE" },
	{ SPAN("\xa2\0\1\0\2a"), "MMM" },
	/* PINGREQ */
	{ SPAN("\xc0"), "000" },
	{ SPAN("\xc1"), "MMM" },
	{ SPAN("\xc0\0"), "MMM" },
	/* DISCONNECT */
	{ SPAN("\xe0"), "000" },
	{ SPAN("\xe1"), "MMM" },
	{ SPAN("\xe0\0"), "MM0" },
	{ SPAN("\xe0\4"), "MM0" },
	{ SPAN("\xe0\3"), "MME" },
	{ SPAN("\xe0\0\0"), "MM0" },
	{ SPAN("\xe0\0\5\x11\0\0\0\1"), "MM0" },
	{ SPAN("\xe0\0\5\x27\0\0\0\1"), "MMM" },
	{ SPAN("\xe0\0\0\0"), "MMM" },
	/* AUTH */
	{ SPAN("\xf0"), "--0" },
	{ SPAN("\xf1"), "--M" },
	{ SPAN("\xf0\x18\0"), "--0" },
	{ SPAN("\xf0\x18\4\x15\0\1m"), "--0" },
	{ SPAN("\xf0\x18\4\x1c\0\1m"), "--M" },
	/* CONNECT says its version itself */
	{ SPAN("\x10\0\4MQTT\4\2\0\0\0\1a"), "--0" },
	{ SPAN("\x10\0\4MQTT\4\2\0\0\0\0"), "--0" },
	{ SPAN("\x10\0\6MQIsdp\3\2\0\0\0\1a"), "--0" },
	{ SPAN("\x10\0\4MQTT\5\2\0\0\0\0\1a"), "--0" },
	{ SPAN("\x11\0\4MQTT\4\2\0\0\0\1a"), "--M" },
	{ SPAN("\x10\0\4MQTT\4\3\0\0\0\1a"), "--M" },	/* [v5 MQTT-3.1.2-3] */
	{ SPAN("\x10\0\6MQIsdp\3\3\0\0\0\1a"), "--0" }, /* undefined in 3.1 */
	{ SPAN("\x10\0\4MQTT\3\2\0\0\0\1a"), "--V" },
	{ SPAN("\x10\0\4MQTT\6\2\0\0\0\1a"), "--V" },
	{ SPAN("\x10\0\6MQIsdp\4\2\0\0\0\1a"), "--V" },
	{ SPAN("\x10\0\4MQTT\x84\2\0\0\0\1a"), "--0" }, /* Mosquitto's bridges */
	{ SPAN("\x10\0\4MQTT\x85\2\0\0\0\0\1a"), "--V" },
	{ SPAN("\x10\0\4HTTP\4\2\0\0\0\1a"), "--E" },
	{ SPAN("\x10\0\4MQTT\4\2\0\0\0\1"), "--M" },
	{ SPAN("\x10\0\4MQTT\4\2\0\0\0\1a\0"), "--M" },
	{ SPAN("\x10\0\4MQTT\4\2\0\0\0\1\xff"), "--M" },
	{ SPAN("\x10\0\4MQTT\4\2\0\0\0\1\0"), "--M" },
	{ SPAN("\x10\0\4MQTT"), "--M" },
	{ SPAN("\x10"), "--M" },
	{ SPAN("\x10\0\4MQTT\4\x0a\0\0\0\1a"), "--M" },		 /* will QoS without will */
	{ SPAN("\x10\0\4MQTT\4\x22\0\0\0\1a"), "--M" },		 /* will retain without will */
	{ SPAN("\x10\0\4MQTT\4\x1e\0\0\0\1a\0\1t\0\0"), "--M" }, /* will QoS 3 */
	{ SPAN("\x10\0\4MQTT\4\x2e\0\0\0\1a\0\1t\0\0"), "--0" },
	{ SPAN("\x10\0\4MQTT\4\x06\0\0\0\1a\0\1t"), "--M" },
	{ SPAN("\x10\0\4MQTT\4\x42\0\0\0\1a\0\1p"), "--M" }, /* [v3 MQTT-3.1.2-22] */
	{ SPAN("\x10\0\4MQTT\5\x42\0\0\0\0\1a\0\1p"), "--0" },
	{ SPAN("\x10\0\4MQTT\4\xc2\0\0\0\1a\0\1u\0\1\xff"), "--0" },
	{ SPAN("\x10\0\4MQTT\4\xc2\0\0\0\1a\0\1\xff\0\1p"), "--M" },
	{ SPAN("\x10\0\4MQTT\5\2\0\0\4\x16\0\1d\0\1a"), "--E" }, /* data without method */
	{ SPAN("\x10\0\4MQTT\5\2\0\0\3\x21\0\0\0\1a"), "--E" },
	{ SPAN("\x10\0\4MQTT\5\6\0\0\0\0\1a\5\x18\0\0\0\1\0\1t\0\0"), "--0" },
	{ SPAN("\x10\0\4MQTT\5\6\0\0\5\x18\0\0\0\1\0\1a\0\0\1t\0\0"), "--M" },
};

static enum mqtt_reason decode(const struct frame *f, enum mqtt_version version)
{
	struct connect_packet connect;
	struct publish_packet publish;
	struct ack_packet ack;
	struct subscribe_packet list;
	struct disconnect_packet end;

	switch ((unsigned)f->type) {
	case PACKET_CONNECT:
		return decode_connect(f, &connect);
	case PACKET_PUBLISH:
		return decode_publish(f, version, &publish);
	case PACKET_SUBSCRIBE:
		return decode_subscribe(f, version, &list);
	case PACKET_UNSUBSCRIBE:
		return decode_unsubscribe(f, version, &list);
	case PACKET_PINGREQ:
		return decode_pingreq(f);
	case PACKET_DISCONNECT:
		return decode_disconnect(f, version, &end);
	case PACKET_AUTH:
		return decode_auth(f, &end);
	default:
		return decode_ack(f, version, &ack);
	}
}

static enum mqtt_reason reason_of(char letter)
{
	switch (letter) {
	case '0':
		return MQTT_SUCCESS;
	case 'M':
		return MQTT_MALFORMED_PACKET;
	case 'E':
		return MQTT_PROTOCOL_ERROR;
	case 'V':
		return MQTT_UNSUPPORTED_PROTOCOL_VERSION;
	default:
		return MQTT_TOPIC_ALIAS_INVALID;
	}
}

static enum mqtt_reason decode_bytes(struct span packet, enum mqtt_version version)
{
	/* the body in memory of its own, so that a sanitizer sees a read behind it */
	uint8_t *body = xmemdup(packet.data + 1, packet.len - 1);
	struct frame f = { .type = (enum packet_type)(packet.data[0] >> 4),
		.flags = packet.data[0] & 15,
		.body = span_of(body, packet.len - 1),
		.size = packet.len + 1 };
	enum mqtt_reason reason = decode(&f, version);

	free(body);
	return reason;
}

static void every_packet_is_taken_or_refused_as_its_version_says(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		for (int v = 0; v < 3; v++) {
			if (rows[i].results[v] == '-')
				continue;
			print_message("row %zu, version %d\n", i, v + 3);
			assert_int_equal(decode_bytes(rows[i].packet, (enum mqtt_version)(v + 3)),
					reason_of(rows[i].results[v]));
		}
	}
}

/* Cut off anywhere, no CONNECT and no list passes for a whole one. */
static void a_connect_that_breaks_off_is_never_taken(void **unused)
{
	static const struct span whole =
			SPAN("\x10\0\4MQTT\5\xee\0\x0a\5\x11\0\0\0\1\0\1a\5\x18\0\0\0\1"
			     "\0\1t\0\2ww\0\1u\0\1p");

	(void)unused;
	assert_int_equal(decode_bytes(whole, MQTT_5), MQTT_SUCCESS);
	for (size_t len = 1; len < whole.len; len++)
		assert_int_equal(decode_bytes(span_first(whole, len), MQTT_5),
				MQTT_MALFORMED_PACKET);
}

static void the_parts_of_a_connect_are_found(void **unused)
{
	struct frame f;
	struct connect_packet p;

	(void)unused;
	assert_int_equal(frame_next(BYTES("\x10\x2c\0\4MQTT\5\xee\0\x0a\5\x11\0\0\0\1\0\1a\5\x18\0"
					  "\0\0"
					  "\1\0\1t\0\2ww\0\1u\0\1p"),
					 100, &f),
			FRAME_PARTIAL);
	assert_int_equal(frame_next(BYTES("\x10\x26\0\4MQTT\5\xee\0\x0a\5\x11\0\0\0\1\0\1a\5\x18\0"
					  "\0\0"
					  "\1\0\1t\0\2ww\0\1u\0\1p"),
					 100, &f),
			FRAME_COMPLETE);
	assert_int_equal(decode_connect(&f, &p), MQTT_SUCCESS);
	assert_int_equal(p.version, MQTT_5);
	assert_true(p.clean_start);
	assert_int_equal(p.keep_alive, 10);
	assert_int_equal(property_number(&p.properties, PROPERTY_SESSION_EXPIRY_INTERVAL, 0), 1);
	assert_span_text(p.client_id, "a");
	assert_true(p.has_will);
	assert_int_equal(p.will.qos, 1);
	assert_true(p.will.retain);
	assert_int_equal(property_number(&p.will.properties, PROPERTY_WILL_DELAY_INTERVAL, 0), 1);
	assert_span_text(p.will.topic, "t");
	assert_span_text(p.will.payload, "ww");
	assert_true(p.has_user_name && p.has_password);
	assert_span_text(p.user_name, "u");
	assert_span_text(p.password, "p");
}

static void a_refused_version_is_answered_in_the_nearest_one(void **unused)
{
	struct frame f = { .type = PACKET_CONNECT, .body = BYTES("\0\4MQTT\x07") };
	struct connect_packet p;

	(void)unused;
	assert_int_equal(decode_connect(&f, &p), MQTT_UNSUPPORTED_PROTOCOL_VERSION);
	assert_int_equal(p.version, MQTT_5);
	f.body = BYTES("\0\4MQTT\x03");
	assert_int_equal(decode_connect(&f, &p), MQTT_UNSUPPORTED_PROTOCOL_VERSION);
	assert_int_equal(p.version, MQTT_3_1_1);
}

static void a_list_yields_its_filters_in_order(void **unused)
{
	struct frame f = {
		.type = PACKET_SUBSCRIBE, .flags = 2, .body = BYTES("\0\7\0\0\1a\2\0\3b/#\x2d")
	};
	struct subscribe_packet p;
	struct span filter;
	uint8_t options;

	(void)unused;
	assert_int_equal(decode_subscribe(&f, MQTT_5, &p), MQTT_SUCCESS);
	assert_int_equal(p.packet_id, 7);
	assert_true(subscribe_next(&p, &filter, &options));
	assert_span_text(filter, "a");
	assert_int_equal(options, 2);
	assert_true(subscribe_next(&p, &filter, &options));
	assert_span_text(filter, "b/#");
	assert_int_equal(options, 0x2d);
	assert_false(subscribe_next(&p, &filter, &options));
}

static void the_parts_of_a_publish_are_found(void **unused)
{
	struct frame f = { .type = PACKET_PUBLISH,
		.flags = 0x0d,
		.body = BYTES("\0\3a/b\x12\x34\3\x23\0\5payload") };
	struct publish_packet p;

	(void)unused;
	assert_int_equal(decode_publish(&f, MQTT_5, &p), MQTT_SUCCESS);
	assert_true(p.dup && p.retain);
	assert_int_equal(p.qos, 2);
	assert_span_text(p.topic, "a/b");
	assert_int_equal(p.packet_id, 0x1234);
	assert_int_equal(property_number(&p.properties, PROPERTY_TOPIC_ALIAS, 0), 5);
	assert_span_text(p.payload, "payload");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_is_taken_or_refused_as_its_version_says),
		cmocka_unit_test(a_connect_that_breaks_off_is_never_taken),
		cmocka_unit_test(the_parts_of_a_connect_are_found),
		cmocka_unit_test(a_refused_version_is_answered_in_the_nearest_one),
		cmocka_unit_test(a_list_yields_its_filters_in_order),
		cmocka_unit_test(the_parts_of_a_publish_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
