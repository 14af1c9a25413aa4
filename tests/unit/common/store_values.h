/* SPDX-License-Identifier: MIT */
/*
 * Records of a broker's store as the tests write them, one of each kind with all that it may have.
 */
#ifndef TESTS_UNIT_COMMON_STORE_VALUES_H
#define TESTS_UNIT_COMMON_STORE_VALUES_H

#include "common/mem.h"
#include "common/store_format.h"
#include "tests/unit/unit.h"

enum { STATE_FREE, STATE_WAIT_PUBACK, STATE_WAIT_PUBREC, STATE_WAIT_PUBCOMP };

/* A value in a block of exactly its size, so that a sanitizer sees every byte too many. */
struct value {
	enum store_table table;
	uint8_t key_bytes[STORE_KEY_SIZE];
	struct span key;
	uint8_t *bytes;
	size_t size;
};

static inline void prepare(struct value *v, enum store_table table, size_t size)
{
	v->table = table;
	v->key = table == STORE_SUBSCRIPTIONS ? store_subscription_key(v->key_bytes, 77, 3)
					      : store_key(v->key_bytes, 77);
	v->bytes = xmalloc(size);
	v->size = size;
}

static inline struct span span_of_value(const struct value *v)
{
	return span_of(v->bytes, v->size);
}

static inline bool is_good(const struct value *v)
{
	return stored_record_is_good(v->table, v->key, span_of_value(v));
}

static const struct stored_message full_message = {
	.topic = SPAN("nagios/web/http"),
	.properties = SPAN("\x01\x01\x26\0\1a\0\1b"),
	.payload = SPAN("critical\0payload"),
	.publisher_len = 7,
	.qos = 2,
	.retain = true,
	.is_retained = true,
	.expires = 1234567890123456789,
	.username = SPAN("user"),
	.client_id = SPAN("client"),
	.listener = SPAN("1883"),
};

static const struct stored_delivery sent_delivery = {
	.session = 5,
	.message = UINT64_MAX,
	.group = 9,
	.packet_id = 65535,
	.qos = 2,
	.state = STATE_WAIT_PUBREC,
	.retain = true,
	.ids = SPAN("\x0b\1\x0b\xff\xff\xff\x7f"),
};

static const struct stored_session full_session = {
	.client_id = SPAN("probe-\xc3\xa4"),
	.username = SPAN("user"),
	.listener = SPAN("8883"),
	.expiry_interval = UINT32_MAX,
	.ends = 1,
	.is_bridge = true,
	.keeps_qos0 = true,
};

static const struct stored_subscription full_subscription = {
	.filter = SPAN("nagios/+/#"),
	.group = SPAN("workers"),
	.group_id = 7,
	.identifier = 268435455,
	.qos = 1,
	.no_local = true,
	.retain_as_published = true,
	.is_awaiting = true,
};

static inline void make_message(struct value *v, const struct stored_message *m)
{
	prepare(v, STORE_MESSAGES, stored_message_size(m));
	stored_message_write(v->bytes, v->size, v->key, m);
}

static inline void make_delivery(struct value *v, const struct stored_delivery *d)
{
	prepare(v, STORE_DELIVERIES, stored_delivery_size(d));
	stored_delivery_write(v->bytes, v->size, v->key, d);
}

static inline void make_session(struct value *v, const struct stored_session *s)
{
	prepare(v, STORE_SESSIONS, stored_session_size(s));
	stored_session_write(v->bytes, v->size, v->key, s);
}

static inline void make_will(struct value *v, const struct stored_will *w)
{
	prepare(v, STORE_WILLS, stored_will_size(w));
	stored_will_write(v->bytes, v->size, v->key, w);
}

static inline void make_subscription(struct value *v, const struct stored_subscription *s)
{
	prepare(v, STORE_SUBSCRIPTIONS, stored_subscription_size(s));
	stored_subscription_write(v->bytes, v->size, v->key, s);
}

static inline void make_received(struct value *v, const uint16_t *ids, size_t count)
{
	prepare(v, STORE_RECEIVED, stored_received_size(count));
	stored_received_write(v->bytes, v->size, v->key, ids, count);
}

static inline void make_each(struct value v[6])
{
	static const uint16_t ids[] = { 1, 2 };
	const struct stored_will will = { .message = full_message };

	make_message(&v[0], &full_message);
	make_delivery(&v[1], &sent_delivery);
	make_session(&v[2], &full_session);
	make_will(&v[3], &will);
	make_received(&v[4], ids, 2);
	make_subscription(&v[5], &full_subscription);
}

#endif
