/* SPDX-License-Identifier: MIT */
#include "broker/core/message.h"

#include "tests/unit/unit.h"

static const struct instant start = { 5000000000 };

static struct properties decoded(struct span list, enum packet_type where)
{
	struct properties p;
	struct reader r = reader_of(list);

	assert_int_equal(properties_decode(&r, where, &p), MQTT_SUCCESS);
	return p;
}

static void a_message_owns_copies_of_its_parts(void **unused)
{
	char topic[] = "a/b", payload[] = "payload";
	struct message *m = message_create(
			span_of_text(topic), NULL, span_of_text(payload), 2, true, start);

	(void)unused;
	memset(topic, 'x', 3);
	memset(payload, 'x', 7);
	assert_span_text(message_topic(m), "a/b");
	assert_span_text(message_payload(m), "payload");
	assert_int_equal(message_properties(m).len, 0);
	assert_int_equal(m->qos, 2);
	assert_true(m->retain);
	assert_int_equal(message_size(m), sizeof(*m) + 10);
	message_unref(m);
}

static void it_lives_as_long_as_somebody_holds_it(void **unused)
{
	struct message *m = message_create(BYTES("t"), NULL, BYTES(""), 0, false, start);

	(void)unused;
	assert_int_equal(m->refs, 1);
	assert_ptr_equal(message_ref(m), m);
	message_unref(m);
	assert_span_text(message_topic(m), "t");
	message_unref(m);
	message_unref(NULL);
}

/* v5 3.3.2.3: which properties of a PUBLISH or will go on to the receivers */
static void properties_are_forwarded_but_for_those_of_the_sender(void **unused)
{
	static const struct {
		struct span list;
		enum packet_type where;
		struct span forwarded;
	} rows[] = {
		{ SPAN("\x02\x01\x01"), PACKET_PUBLISH, SPAN("\x01\x01") },
		{ SPAN("\x05\x02\0\0\0\x09"), PACKET_PUBLISH, SPAN("") },
		{ SPAN("\x03\x23\0\x01"), PACKET_PUBLISH, SPAN("") },
		{ SPAN("\x02\x0b\x07"), PACKET_PUBLISH, SPAN("") },
		{ SPAN("\x05\x18\0\0\0\x05"), PACKET_WILL, SPAN("") },
		{ SPAN("\x13\x26\0\1a\0\1b\x23\0\x01\x26\0\1a\0\1c\x01\x00"), PACKET_PUBLISH,
				SPAN("\x26\0\1a\0\1b\x26\0\1a\0\1c\x01\x00") },
		{ SPAN("\x0c\x03\0\1t\x08\0\1r\x09\0\1\xff"), PACKET_PUBLISH,
				SPAN("\x03\0\1t\x08\0\1r\x09\0\1\xff") },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct properties p = decoded(rows[i].list, rows[i].where);
		struct message *m = message_create(BYTES("t"), &p, BYTES("x"), 0, false, start);

		print_message("row %zu\n", i);
		assert_span_equal(message_properties(m), rows[i].forwarded);
		assert_span_text(message_payload(m), "x");
		message_unref(m);
	}
}

static void it_expires_when_its_interval_is_over(void **unused)
{
	struct properties p = decoded(BYTES("\x05\x02\0\0\0\x02"), PACKET_PUBLISH);
	struct message *m = message_create(BYTES("t"), &p, BYTES("x"), 0, false, start);

	(void)unused;
	assert_false(message_is_expired(m, start));
	assert_false(message_is_expired(m, (struct instant){ start.ns + 1999999999 }));
	assert_true(message_is_expired(m, (struct instant){ start.ns + 2000000000 }));
	message_unref(m);
	m = message_create(BYTES("t"), NULL, BYTES("x"), 0, false, start);
	assert_false(message_is_expired(m, (struct instant){ INT64_MAX - 1 }));
	message_unref(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_owns_copies_of_its_parts),
		cmocka_unit_test(it_lives_as_long_as_somebody_holds_it),
		cmocka_unit_test(properties_are_forwarded_but_for_those_of_the_sender),
		cmocka_unit_test(it_expires_when_its_interval_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
