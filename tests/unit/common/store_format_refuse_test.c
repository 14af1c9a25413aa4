/* SPDX-License-Identifier: MIT */
/*
 * What a store may hold and a broker must not read: each rule is broken in turn, with a checksum
 * that fits.
 */
#include "tests/unit/common/store_values.h"

static void reseal(struct value *v)
{
	store_value_seal(v->table, v->key, v->bytes, v->size);
}

static void a_record_of_no_session_is_refused(void **state)
{
	struct value v;

	(void)state;
	make_session(&v, &full_session);
	v.key = store_key(v.key_bytes, 0);
	reseal(&v);
	assert_false(is_good(&v));
	v.key = BYTES("1234567");
	reseal(&v);
	assert_false(is_good(&v));
	free(v.bytes);
}

static bool delivery_is_good(struct stored_delivery d)
{
	struct value v;
	bool good;

	make_delivery(&v, &d);
	good = is_good(&v);
	free(v.bytes);
	return good;
}

static void a_delivery_that_cannot_be_is_refused(void **state)
{
	struct stored_delivery d = { .session = 1, .message = 2, .qos = 1 };

	(void)state;
	assert_true(delivery_is_good(d));
	d.qos = 3;
	assert_false(delivery_is_good(d));
	d.qos = 2;
	assert_true(delivery_is_good(d));
	d.packet_id = 1; /* sent, in no state */
	assert_false(delivery_is_good(d));
	d.state = STATE_WAIT_PUBREC;
	assert_true(delivery_is_good(d));
	d.packet_id = 0; /* in a state, never sent */
	assert_false(delivery_is_good(d));
	d.packet_id = 1;
	d.state = STATE_WAIT_PUBACK; /* of QoS 2 */
	assert_false(delivery_is_good(d));
	d.state = 4;
	assert_false(delivery_is_good(d));
	d.state = STATE_WAIT_PUBREC;
	d.message = 0; /* nothing to send again */
	assert_false(delivery_is_good(d));
	d.state = STATE_WAIT_PUBCOMP;
	assert_true(delivery_is_good(d));
	d.session = 0;
	assert_false(delivery_is_good(d));
}

static void a_delivery_without_all_its_fields_is_refused(void **state)
{
	struct value v;

	(void)state;
	make_delivery(&v, &sent_delivery);
	v.size -= sent_delivery.ids.len + 1;
	reseal(&v);
	assert_false(is_good(&v));
	free(v.bytes);
}

static void identifiers_that_are_none_are_refused(void **state)
{
	struct stored_delivery d = { .session = 1, .message = 2, .qos = 1 };

	(void)state;
	d.ids = BYTES("\x0b\x05");
	assert_true(delivery_is_good(d));
	d.ids = BYTES("\x0b\0");
	assert_false(delivery_is_good(d));
	d.ids = BYTES("\x0b\x80");
	assert_false(delivery_is_good(d));
	d.ids = BYTES("\x0b\x05\x26\0\1a\0\1b");
	assert_false(delivery_is_good(d));
}

static bool message_is_good(struct stored_message m)
{
	const struct stored_will will = { .message = m };
	struct value v, w;
	bool good;

	make_message(&v, &m);
	make_will(&w, &will);
	good = is_good(&v);
	assert_int_equal(is_good(&w), good);
	free(v.bytes);
	free(w.bytes);
	return good;
}

static void a_message_that_cannot_be_is_refused(void **state)
{
	struct stored_message m = full_message;

	(void)state;
	m.topic = BYTES("a/+");
	assert_false(message_is_good(m));
	m.topic = BYTES("");
	assert_false(message_is_good(m));
	m.topic = BYTES("a\xff");
	assert_false(message_is_good(m));
	m = full_message;
	m.qos = 3;
	assert_false(message_is_good(m));
	m = full_message;
	m.expires = -1;
	assert_false(message_is_good(m));
	m = full_message;
	m.publisher_len = (uint16_t)(m.properties.len + 1);
	assert_false(message_is_good(m));
	m = full_message;
	m.username = BYTES("a\0b"); /* it becomes a C string */
	assert_false(message_is_good(m));
}

static bool session_is_good(struct stored_session s)
{
	struct value v;
	bool good;

	make_session(&v, &s);
	good = is_good(&v);
	free(v.bytes);
	return good;
}

static void a_session_that_cannot_be_is_refused(void **state)
{
	struct stored_session s = full_session;

	(void)state;
	s.client_id = BYTES("");
	assert_false(session_is_good(s));
	s.client_id = BYTES("\xff");
	assert_false(session_is_good(s));
	s = full_session;
	s.username = BYTES("a\0b");
	assert_false(session_is_good(s));
	s = full_session;
	s.ends = -1;
	assert_false(session_is_good(s));
}

static bool subscription_is_good(struct stored_subscription s)
{
	struct value v;
	bool good;

	make_subscription(&v, &s);
	good = is_good(&v);
	free(v.bytes);
	return good;
}

static void a_subscription_that_cannot_be_is_refused(void **state)
{
	struct stored_subscription s = full_subscription;

	(void)state;
	s.filter = BYTES("a/#/b");
	assert_false(subscription_is_good(s));
	s.filter = BYTES("");
	assert_false(subscription_is_good(s));
	s = full_subscription;
	s.qos = 3;
	assert_false(subscription_is_good(s));
	s = full_subscription;
	s.group_id = 0;
	assert_false(subscription_is_good(s));
	s = full_subscription;
	s.group = (struct span){ NULL, 0 };
	assert_false(subscription_is_good(s));
	s.group_id = 0;
	assert_true(subscription_is_good(s));
	s = full_subscription;
	s.group = BYTES("a/b");
	assert_false(subscription_is_good(s));
	s.group = BYTES("+");
	assert_false(subscription_is_good(s));
}

static void received_identifiers_that_cannot_be_are_refused(void **state)
{
	static const uint16_t ids[] = { 1, 0 };
	struct value v;

	(void)state;
	make_received(&v, ids, 2);
	assert_false(is_good(&v));
	v.size--;
	reseal(&v);
	assert_false(is_good(&v));
	free(v.bytes);
}

static void an_unknown_flag_is_refused(void **state)
{
	struct value all[6];

	(void)state;
	make_each(all);
	for (size_t i = 0; i < array_size(all); i++) {
		/* A will's flags stand behind its times; received identifiers have none. */
		size_t flags = all[i].table == STORE_WILLS ? 12 : 0;

		all[i].bytes[flags] |= 0x80;
		reseal(&all[i]);
		assert_int_equal(is_good(&all[i]), all[i].table == STORE_RECEIVED);
		free(all[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_of_no_session_is_refused),
		cmocka_unit_test(a_delivery_that_cannot_be_is_refused),
		cmocka_unit_test(a_delivery_without_all_its_fields_is_refused),
		cmocka_unit_test(identifiers_that_are_none_are_refused),
		cmocka_unit_test(a_message_that_cannot_be_is_refused),
		cmocka_unit_test(a_session_that_cannot_be_is_refused),
		cmocka_unit_test(a_subscription_that_cannot_be_is_refused),
		cmocka_unit_test(received_identifiers_that_cannot_be_are_refused),
		cmocka_unit_test(an_unknown_flag_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
