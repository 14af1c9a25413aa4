/* SPDX-License-Identifier: MIT */
/*
 * A record of the store: table u8, key with its length u16, value without its checksum, which is
 * added. What can be read is written again to the same bytes, and what was read of it may be used
 * without a further look. The same bytes as a log of records are walked to their end.
 */
#include "common/mem.h"
#include "common/store_log.h"
#include "common/str.h"
#include "common/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* Write `record` by the functions of its type and compare. */
#define REQUIRE_SAME(type, key, value, record)                                                     \
	do {                                                                                       \
		size_t size_ = stored_##type##_size(record);                                       \
		uint8_t *again_ = xmalloc(size_);                                                  \
                                                                                                   \
		REQUIRE(size_ == (value).len);                                                     \
		stored_##type##_write(again_, size_, key, record);                                 \
		REQUIRE(span_equal(span_of(again_, size_), value));                                \
		free(again_);                                                                      \
	} while (0)

static void message(struct span key, struct span value)
{
	struct stored_message m;

	if (!stored_message_read(key, value, &m))
		return;
	REQUIRE(m.qos <= 2 && topic_name_valid(m.topic) && m.publisher_len <= m.properties.len);
	REQUIRE_SAME(message, key, value, &m);
}

static void delivery(struct span key, struct span value)
{
	struct stored_delivery d;

	if (!stored_delivery_read(key, value, &d))
		return;
	REQUIRE(d.qos <= 2 && d.state <= 3 && d.session != 0 && (d.message != 0 || d.state == 3));
	REQUIRE_SAME(delivery, key, value, &d);
}

static void session(struct span key, struct span value)
{
	struct stored_session s;

	if (!stored_session_read(key, value, &s))
		return;
	REQUIRE(s.client_id.len > 0 && s.client_id.len <= UINT16_MAX && s.ends >= 0);
	REQUIRE_SAME(session, key, value, &s);
}

static void will(struct span key, struct span value)
{
	struct stored_will w;

	if (!stored_will_read(key, value, &w))
		return;
	REQUIRE(w.message.qos <= 2 && topic_name_valid(w.message.topic) && w.due >= 0);
	REQUIRE_SAME(will, key, value, &w);
}

static void received(struct span key, struct span value)
{
	uint16_t all[512];
	struct span ids;
	struct reader r;
	size_t count;
	uint8_t *again;

	if (!stored_received_read(key, value, &ids))
		return;
	count = ids.len / 2;
	if (count > array_size(all))
		return;
	r = reader_of(ids);
	for (size_t i = 0; i < count; i++)
		REQUIRE((all[i] = read_u16(&r)) != 0);
	REQUIRE(stored_received_size(count) == value.len);
	again = xmalloc(value.len);
	stored_received_write(again, value.len, key, all, count);
	REQUIRE(span_equal(span_of(again, value.len), value));
	free(again);
}

static void subscription(struct span key, struct span value)
{
	struct stored_subscription s;

	if (!stored_subscription_read(key, value, &s))
		return;
	REQUIRE(s.qos <= 2 && topic_filter_valid(s.filter));
	REQUIRE((s.group.data == NULL) == (s.group_id == 0));
	REQUIRE_SAME(subscription, key, value, &s);
}

static void walk_log(struct span log)
{
	struct store_log_entry e;
	size_t before = log.len;

	while (store_log_next(&log, &e)) {
		REQUIRE(log.len < before && e.table < STORE_TABLES);
		before = log.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(span_of(data, size));
	enum store_table table = (enum store_table)(read_u8(&r) % STORE_TABLES);
	struct span key = read_block16(&r), bytes = read_rest(&r), value;
	uint8_t *sealed = xmalloc(bytes.len + STORE_CHECKSUM);

	walk_log(span_of(data, size));
	if (bytes.len > 0)
		memcpy(sealed, bytes.data, bytes.len);
	value = span_of(sealed, bytes.len + STORE_CHECKSUM);
	store_value_seal(table, key, sealed, value.len);
	if (table == STORE_MESSAGES)
		message(key, value);
	else if (table == STORE_DELIVERIES)
		delivery(key, value);
	else if (table == STORE_SESSIONS)
		session(key, value);
	else if (table == STORE_WILLS)
		will(key, value);
	else if (table == STORE_RECEIVED)
		received(key, value);
	else if (table == STORE_SUBSCRIPTIONS)
		subscription(key, value);
	stored_record_is_good(table, key, value);
	free(sealed);
	return 0;
}
