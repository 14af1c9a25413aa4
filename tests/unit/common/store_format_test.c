/* SPDX-License-Identifier: MIT */
#include "common/store_format.h"

#include "common/str.h"
#include "tests/unit/common/store_values.h"

static void assert_same_text(struct span got, struct span wanted)
{
	assert_span_equal(got, wanted);
	assert_int_equal(got.data == NULL, wanted.data == NULL);
}

static void assert_same_message(const struct stored_message *a, const struct stored_message *b)
{
	assert_span_equal(a->topic, b->topic);
	assert_span_equal(a->properties, b->properties);
	assert_span_equal(a->payload, b->payload);
	assert_int_equal(a->publisher_len, b->publisher_len);
	assert_int_equal(a->qos, b->qos);
	assert_int_equal(a->retain, b->retain);
	assert_int_equal(a->is_retained, b->is_retained);
	assert_true(a->expires == b->expires);
	assert_same_text(a->username, b->username);
	assert_same_text(a->client_id, b->client_id);
	assert_same_text(a->listener, b->listener);
}

static void check_message(const struct stored_message *m)
{
	struct stored_message got;
	struct value v;

	make_message(&v, m);
	assert_true(stored_message_read(v.key, span_of_value(&v), &got));
	assert_same_message(&got, m);
	free(v.bytes);
}

static void a_message_comes_back(void **state)
{
	static const struct stored_message least = { .topic = SPAN("a"), .expires = INT64_MAX };
	struct stored_message m = full_message;

	(void)state;
	check_message(&m);
	m.username = (struct span){ NULL, 0 };
	check_message(&m);
	m.username = BYTES("");
	check_message(&m);
	check_message(&least);
}

static void a_delivery_comes_back(void **state)
{
	struct stored_delivery got;
	struct value v;

	(void)state;
	make_delivery(&v, &sent_delivery);
	assert_true(stored_delivery_read(v.key, span_of_value(&v), &got));
	assert_true(got.session == 5 && got.message == UINT64_MAX && got.group == 9);
	assert_int_equal(got.packet_id, 65535);
	assert_int_equal(got.qos, 2);
	assert_int_equal(got.state, STATE_WAIT_PUBREC);
	assert_true(got.retain);
	assert_span_equal(got.ids, sent_delivery.ids);
	free(v.bytes);
}

static void check_session(const struct stored_session *s)
{
	struct stored_session got;
	struct value v;

	make_session(&v, s);
	assert_true(stored_session_read(v.key, span_of_value(&v), &got));
	assert_span_equal(got.client_id, s->client_id);
	assert_same_text(got.username, s->username);
	assert_span_equal(got.listener, s->listener);
	assert_int_equal(got.expiry_interval, s->expiry_interval);
	assert_true(got.ends == s->ends);
	assert_int_equal(got.is_bridge, s->is_bridge);
	assert_int_equal(got.keeps_qos0, s->keeps_qos0);
	free(v.bytes);
}

static void a_session_comes_back(void **state)
{
	static const struct stored_session least = { .client_id = SPAN("a"), .ends = INT64_MAX };

	(void)state;
	check_session(&full_session);
	check_session(&least);
}

static void a_will_comes_back(void **state)
{
	const struct stored_will will = { .message = full_message, .delay = 30, .due = 17 };
	struct stored_will got;
	struct value v;

	(void)state;
	make_will(&v, &will);
	assert_true(stored_will_read(v.key, span_of_value(&v), &got));
	assert_same_message(&got.message, &full_message);
	assert_int_equal(got.delay, 30);
	assert_true(got.due == 17);
	free(v.bytes);
}

static void received_identifiers_come_back(void **state)
{
	static const uint16_t ids[] = { 1, 65535, 300 };
	struct span got;
	struct reader r;
	struct value v;

	(void)state;
	make_received(&v, ids, 3);
	assert_true(stored_received_read(v.key, span_of_value(&v), &got));
	r = reader_of(got);
	assert_int_equal(got.len, 6);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(read_u16(&r), ids[i]);
	free(v.bytes);
}

static void check_subscription(const struct stored_subscription *s)
{
	struct stored_subscription got;
	struct value v;

	make_subscription(&v, s);
	assert_true(stored_subscription_read(v.key, span_of_value(&v), &got));
	assert_span_equal(got.filter, s->filter);
	assert_same_text(got.group, s->group);
	assert_int_equal(got.group_id, s->group_id);
	assert_int_equal(got.identifier, s->identifier);
	assert_int_equal(got.qos, s->qos);
	assert_int_equal(got.no_local, s->no_local);
	assert_int_equal(got.retain_as_published, s->retain_as_published);
	assert_int_equal(got.is_awaiting, s->is_awaiting);
	free(v.bytes);
}

static void a_subscription_comes_back(void **state)
{
	static const struct stored_subscription least = { .filter = SPAN("#") };

	(void)state;
	check_subscription(&full_subscription);
	check_subscription(&least);
}

static void every_changed_bit_is_noticed(void **state)
{
	struct value all[6];

	(void)state;
	make_each(all);
	for (size_t i = 0; i < array_size(all); i++) {
		struct value *v = &all[i];

		assert_true(is_good(v));
		for (size_t bit = 0; bit < v->size * 8; bit++) {
			v->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(is_good(v));
			v->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		free(v->bytes);
	}
}

static void a_value_cut_short_is_noticed(void **state)
{
	struct value all[6];

	(void)state;
	make_each(all);
	for (size_t i = 0; i < array_size(all); i++) {
		for (size_t len = 0; len < all[i].size; len++) {
			uint8_t *cut = xmemdup(all[i].bytes, len > 0 ? len : 1);

			assert_false(stored_record_is_good(
					all[i].table, all[i].key, span_of(cut, len)));
			/* With a checksum that fits nothing may be read behind its end. */
			if (len >= STORE_CHECKSUM)
				store_value_seal(all[i].table, all[i].key, cut, len);
			stored_record_is_good(all[i].table, all[i].key, span_of(cut, len));
			free(cut);
		}
		free(all[i].bytes);
	}
}

/* As if a page of the file had been written to a wrong place. */
static void a_value_under_another_key_or_in_another_table_is_noticed(void **state)
{
	const struct stored_will will = { .message = full_message };
	uint8_t key[STORE_KEY_SIZE];
	struct value v;

	(void)state;
	make_message(&v, &full_message);
	assert_false(stored_record_is_good(STORE_MESSAGES, store_key(key, 78), span_of_value(&v)));
	assert_false(stored_record_is_good(STORE_WILLS, v.key, span_of_value(&v)));
	free(v.bytes);
	make_will(&v, &will);
	v.table = STORE_MESSAGES;
	assert_false(is_good(&v));
	free(v.bytes);
}

static void keys_are_of_their_length_and_not_0(void **state)
{
	uint8_t at[STORE_KEY_SIZE];

	(void)state;
	assert_true(store_key_number(store_key(at, 0x0102030405060708)) == 0x0102030405060708);
	assert_int_equal(at[0], 1);
	assert_int_equal(store_key_subscription(store_key(at, 5)), 0);
	assert_int_equal(store_key_subscription(store_subscription_key(at, 5, 0x01020304)),
			0x01020304);
	assert_true(store_key_number(store_subscription_key(at, 5, 6)) == 5);
	assert_true(store_key_number(BYTES("1234567")) == 0);
	assert_true(store_key_number(BYTES("123456789")) == 0);
}

/* What was written yesterday must be readable tomorrow: the bytes themselves. */
static void the_bytes_are_those_of_layout_1(void **state)
{
	static const uint8_t wanted[] = { 0x22, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0,
		0, 0, 9, 1, 2, 0x0b, 7, 0x2f, 0xd9, 0x6d, 0x4c };
	const struct stored_delivery d = { .session = 5,
		.message = 6,
		.group = 9,
		.packet_id = 0x102,
		.qos = 2,
		.state = STATE_WAIT_PUBREC,
		.ids = SPAN("\x0b\7") };
	struct value v;

	(void)state;
	make_delivery(&v, &d);
	assert_span_equal(span_of_value(&v), span_of(wanted, sizeof(wanted)));
	free(v.bytes);
}

static void a_number_of_the_store_itself_comes_back(void **state)
{
	static const struct span key = SPAN(STORE_META_LAYOUT);
	uint8_t at[STORED_META_SIZE];
	uint64_t number;

	(void)state;
	stored_meta_write(at, key, 0x0102030405060708);
	assert_true(stored_meta_read(key, span_of(at, sizeof(at)), &number));
	assert_true(number == 0x0102030405060708);
	assert_false(stored_meta_read(BYTES("created"), span_of(at, sizeof(at)), &number));
	at[3] ^= 1;
	assert_false(stored_meta_read(key, span_of(at, sizeof(at)), &number));
	assert_false(stored_meta_read(key, span_of(at, 3), &number));
}

static void every_table_has_a_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STORE_TABLES; i++)
		assert_non_null(store_table_name((enum store_table)i));
	assert_string_equal(store_table_name(STORE_SUBSCRIPTIONS), "subscriptions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_comes_back),
		cmocka_unit_test(a_delivery_comes_back),
		cmocka_unit_test(a_session_comes_back),
		cmocka_unit_test(a_will_comes_back),
		cmocka_unit_test(received_identifiers_come_back),
		cmocka_unit_test(a_subscription_comes_back),
		cmocka_unit_test(every_changed_bit_is_noticed),
		cmocka_unit_test(a_value_cut_short_is_noticed),
		cmocka_unit_test(a_value_under_another_key_or_in_another_table_is_noticed),
		cmocka_unit_test(keys_are_of_their_length_and_not_0),
		cmocka_unit_test(the_bytes_are_those_of_layout_1),
		cmocka_unit_test(a_number_of_the_store_itself_comes_back),
		cmocka_unit_test(every_table_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
