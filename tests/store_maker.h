/* SPDX-License-Identifier: MIT */
/*
 * A store as a broker leaves it: sessions with all that belongs to them, messages of all sizes,
 * retained ones, and pages that are free.
 */
#ifndef TESTS_STORE_MAKER_H
#define TESTS_STORE_MAKER_H

#include <stdio.h>

#include "common/lmdb.h"
#include "common/mem.h"
#include "common/store_log.h"
#include "common/str.h"

enum { STORE_MAKER_LARGEST = 9000 };

struct store_maker {
	struct lmdb *db;
	unsigned tables[STORE_TABLES];
	uint64_t sessions, messages;
	bool dangles;	/* the first session is missing, the others' things are there */
	struct str log; /* what the next commit does */
};

static inline void maker_put_meta(struct store_maker *m, const char *name, uint64_t number)
{
	struct span key = span_of_text(name);

	stored_meta_write(store_log_put(&m->log, STORE_META, key, STORED_META_SIZE), key, number);
}

static inline void maker_put_message(struct store_maker *m, uint64_t number)
{
	static const uint8_t zeros[STORE_MAKER_LARGEST];
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, number);
	char topic[64], payload[64];
	struct stored_message r = { .expires = STORE_NEVER,
		.qos = (uint8_t)(1 + number % 2),
		.retain = number % 10 == 0,
		.is_retained = number % 10 == 0 };
	size_t size;

	snprintf(topic, sizeof(topic), "nagios/host-%d/disk", (int)number);
	snprintf(payload, sizeof(payload), "{\"code\":%d,\"reason\":\"number %d\"}",
			(int)(number % 4), (int)number);
	r.topic = span_of_text(topic);
	r.payload = number % 17 == 0 ? span_of(zeros, STORE_MAKER_LARGEST - number % 100)
				     : span_of_text(payload);
	size = stored_message_size(&r);
	stored_message_write(store_log_put(&m->log, STORE_MESSAGES, key, size), size, key, &r);
}

static inline void maker_put_delivery(struct store_maker *m, uint64_t number)
{
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, number);
	struct stored_delivery r = { .session = 1 + number % m->sessions,
		.message = number,
		.qos = (uint8_t)(1 + number % 2) };
	size_t size = stored_delivery_size(&r);

	stored_delivery_write(store_log_put(&m->log, STORE_DELIVERIES, key, size), size, key, &r);
}

static inline void maker_put_session(struct store_maker *m, uint64_t number)
{
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, number);
	char name[64];
	struct stored_session r = {
		.listener = SPAN("1883"), .expiry_interval = 3600, .ends = STORE_NEVER
	};
	size_t size;

	snprintf(name, sizeof(name), "client-%d", (int)number);
	r.client_id = span_of_text(name);
	size = stored_session_size(&r);
	stored_session_write(store_log_put(&m->log, STORE_SESSIONS, key, size), size, key, &r);
}

/* A will, an identifier of QoS 2 and a subscription. */
static inline void maker_put_belongings(struct store_maker *m, uint64_t session)
{
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, session);
	const uint16_t ids[] = { 7, 8 };
	struct stored_will will = { .message = { .topic = SPAN("gone"),
						    .payload = SPAN("away\xff"),
						    .expires = STORE_NEVER } };
	struct stored_subscription sub = { .filter = SPAN("nagios/+/#"), .qos = 1 };
	size_t size = stored_will_size(&will);

	stored_will_write(store_log_put(&m->log, STORE_WILLS, key, size), size, key, &will);
	size = stored_received_size(2);
	stored_received_write(store_log_put(&m->log, STORE_RECEIVED, key, size), size, key, ids, 2);
	key = store_subscription_key(at, session, 1);
	size = stored_subscription_size(&sub);
	stored_subscription_write(
			store_log_put(&m->log, STORE_SUBSCRIPTIONS, key, size), size, key, &sub);
}

static inline int maker_write(struct MDB_txn *txn, void *owner)
{
	struct store_maker *m = owner;
	struct span rest = str_span(&m->log);
	struct store_log_entry e;
	int result = 0;

	while (result == 0 && store_log_next(&rest, &e))
		result = e.value.data != NULL ? lmdb_put(txn, m->tables[e.table], e.key, e.value)
					      : lmdb_delete(txn, m->tables[e.table], e.key);
	return result;
}

static inline int maker_commit(struct store_maker *m)
{
	int result = lmdb_update(m->db, maker_write, m);

	str_clear(&m->log);
	return result;
}

static inline int maker_fill(struct store_maker *m)
{
	uint8_t at[STORE_KEY_SIZE];
	int result;

	maker_put_meta(m, STORE_META_LAYOUT, STORE_LAYOUT);
	maker_put_meta(m, STORE_META_CREATED, 1790000000000000000U);
	for (uint64_t i = 1; i <= 3 * m->messages; i++)
		maker_put_message(m, i);
	result = maker_commit(m);
	for (uint64_t i = m->messages + 1; i <= 3 * m->messages; i++)
		store_log_removal(&m->log, STORE_MESSAGES, store_key(at, i));
	for (uint64_t i = 1; i <= m->messages; i++)
		maker_put_delivery(m, i);
	if (result == 0)
		result = maker_commit(m);
	for (uint64_t i = 1; i <= m->sessions; i++) {
		if (i > 1 || !m->dangles)
			maker_put_session(m, i);
		maker_put_belongings(m, i);
	}
	return result < 0 ? result : maker_commit(m);
}

/* In the existing folder. 0 or -errno. */
static inline int make_store(const char *folder, uint64_t sessions, uint64_t messages, bool dangles)
{
	const struct lmdb_options options = { 64 << 20, (size_t)1 << 40, STORE_TABLES, 0600 };
	struct store_maker m = { .sessions = sessions, .messages = messages, .dangles = dangles };
	int result = lmdb_open(folder, &options, &m.db);

	for (unsigned i = 0; result == 0 && i < STORE_TABLES; i++)
		result = lmdb_table(m.db, store_table_name((enum store_table)i), &m.tables[i]);
	if (result == 0)
		result = maker_fill(&m);
	lmdb_close(m.db);
	str_finish(&m.log);
	return result;
}

#endif
