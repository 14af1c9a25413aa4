/* SPDX-License-Identifier: MIT */
/*
 * A disk in memory, for tests of what the ledger hands to the store: a sealed batch is applied to
 * it just as broker/core/batch.h says, and an empty shard is filled from it as
 * broker/core/restore.h says. Every value goes through common/store_format.h.
 *
 * disk_check() knows what has to be true after every commit, whatever has happened.
 */
#ifndef TESTS_UNIT_BROKER_CORE_DISK_H
#define TESTS_UNIT_BROKER_CORE_DISK_H

#include "broker/core/restore.h"
#include "common/mem.h"
#include "common/store_log.h"

#define DISK_REQUIRE(condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s:%d: %s", __func__, __LINE__, #condition);                     \
	} while (0)

struct disk_record {
	UT_hash_handle hh;
	uint8_t name[1 + STORE_KEY_SIZE]; /* table, key: the key of the map */
	uint8_t key_len;
	size_t size;
	uint8_t *value;
	unsigned waiting; /* disk_check(): deliveries that refer to the message */
};

/* Zeroed memory is an empty disk. */
struct disk {
	struct disk_record *records;
	size_t written, removed; /* so far */
};

/* --- records --------------------------------------------------------------------------------- */

static inline enum store_table disk_table(const struct disk_record *r)
{
	return (enum store_table)r->name[0];
}

static inline struct span disk_key(const struct disk_record *r)
{
	return span_of(r->name + 1, r->key_len);
}

static inline struct span disk_value(const struct disk_record *r)
{
	return span_of(r->value, r->size);
}

static inline struct disk_record *disk_find(
		const struct disk *d, enum store_table table, struct span key)
{
	uint8_t name[1 + STORE_KEY_SIZE] = { (uint8_t)table };
	struct disk_record *r;

	memcpy(name + 1, key.data, key.len);
	HASH_FIND_BYHASHVALUE(hh, d->records, name, sizeof(name),
			hash_span(1, span_of(name, sizeof(name))), r);
	return r;
}

static inline struct disk_record *disk_number(
		const struct disk *d, enum store_table table, uint64_t number)
{
	uint8_t at[STORE_KEY_SIZE];

	return disk_find(d, table, store_key(at, number));
}

/* Where the value is to be written. */
static inline uint8_t *disk_put(
		struct disk *d, enum store_table table, struct span key, size_t size)
{
	struct disk_record *r = disk_find(d, table, key);

	if (r == NULL) {
		r = xcalloc(1, sizeof(*r));
		r->name[0] = (uint8_t)table;
		memcpy(r->name + 1, key.data, key.len);
		r->key_len = (uint8_t)key.len;
		HASH_ADD_BYHASHVALUE(hh, d->records, name, sizeof(r->name),
				hash_span(1, span_of(r->name, sizeof(r->name))), r);
	}
	free(r->value);
	r->size = size;
	d->written++;
	return r->value = xmalloc(size);
}

static inline bool disk_remove(struct disk *d, enum store_table table, struct span key)
{
	struct disk_record *r = disk_find(d, table, key);

	if (r == NULL)
		return false;
	HASH_DEL(d->records, r);
	free(r->value);
	free(r);
	d->removed++;
	return true;
}

static inline void disk_finish(struct disk *d)
{
	struct disk_record *r, *next;

	HASH_ITER (hh, d->records, r, next)
		disk_remove(d, disk_table(r), disk_key(r));
}

static inline size_t disk_count(const struct disk *d, enum store_table table)
{
	size_t n = 0;

	for (const struct disk_record *r = d->records; r != NULL; r = r->hh.next)
		n += disk_table(r) == table;
	return n;
}

/* --- a batch is committed -------------------------------------------------------------------- */

static inline void disk_put_message(struct disk *d, uint64_t number,
		const struct batch_message *from, struct duration to_wall)
{
	const struct message *m = from->message;
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, number);
	struct stored_message record = {
		.topic = message_topic(m),
		.properties = message_properties(m),
		.payload = message_payload(m),
		.publisher_len = m->publisher_len,
		.qos = m->qos,
		.retain = m->retain,
		.is_retained = from->is_retained,
		.expires = m->expires.ns == INSTANT_NEVER.ns ? STORE_NEVER
							     : m->expires.ns + to_wall.ns,
	};
	size_t size;

	if (m->source != NULL) {
		record.username = source_username(m->source);
		record.client_id = source_client_id(m->source);
		record.listener = span_of_text(m->source->listener);
	}
	size = stored_message_size(&record);
	stored_message_write(disk_put(d, STORE_MESSAGES, key, size), size, key, &record);
}

static inline void disk_put_delivery(
		struct disk *d, uint64_t number, const struct stored_delivery *record)
{
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, number);
	size_t size = stored_delivery_size(record);
	uint8_t *value = xmalloc(size);

	/* Not in place: what is written may stand in the value that it replaces. */
	stored_delivery_write(value, size, key, record);
	memcpy(disk_put(d, STORE_DELIVERIES, key, size), value, size);
	free(value);
}

static inline void disk_change(struct disk *d, const struct batch_change *change)
{
	struct disk_record *r = disk_number(d, STORE_DELIVERIES, change->delivery);
	struct stored_delivery record;

	DISK_REQUIRE(r != NULL && stored_delivery_read(disk_key(r), disk_value(r), &record));
	record.packet_id = change->packet_id;
	record.qos = change->qos;
	record.state = change->state;
	record.message = change->is_taken ? 0 : record.message;
	disk_put_delivery(d, change->delivery, &record);
}

static inline void disk_unretain(struct disk *d, uint64_t number)
{
	struct disk_record *r = disk_number(d, STORE_MESSAGES, number);
	struct stored_message record;
	struct span key;
	uint8_t *value;
	size_t size;

	DISK_REQUIRE(r != NULL && stored_message_read(disk_key(r), disk_value(r), &record));
	DISK_REQUIRE(record.is_retained);
	record.is_retained = false;
	key = disk_key(r);
	size = stored_message_size(&record);
	value = xmalloc(size);
	stored_message_write(value, size, key, &record);
	memcpy(disk_put(d, STORE_MESSAGES, key, size), value, size);
	free(value);
}

static inline void disk_remove_numbers(
		struct disk *d, enum store_table table, const struct number_list *list)
{
	uint8_t at[STORE_KEY_SIZE];

	for (size_t i = 0; i < list->count; i++)
		DISK_REQUIRE(disk_remove(d, table, store_key(at, list->all[i])));
}

static inline void disk_apply_records(struct disk *d, struct span log)
{
	struct store_log_entry e;

	while (store_log_next(&log, &e)) {
		if (e.value.data == NULL) {
			disk_remove(d, e.table, e.key);
			continue;
		}
		DISK_REQUIRE(stored_record_is_good(e.table, e.key, e.value));
		memcpy(disk_put(d, e.table, e.key, e.value.len), e.value.data, e.value.len);
	}
	DISK_REQUIRE(log.len == 0);
}

static inline void disk_apply(struct disk *d, const struct batch *b)
{
	for (size_t i = 0; i < b->message_count; i++) {
		if (b->messages[i].message != NULL)
			disk_put_message(d, b->first_message + i, &b->messages[i], b->to_wall);
	}
	for (size_t i = 0; i < b->delivery_count; i++) {
		const struct batch_delivery *from = &b->deliveries[i];
		struct stored_delivery record = {
			.session = from->session,
			.message = from->message,
			.group = from->group,
			.packet_id = from->packet_id,
			.qos = from->qos,
			.state = from->state,
			.retain = from->retain,
		};

		if (from->ids != NULL)
			record.ids = span_of(from->ids->bytes, from->ids->len);
		if (from->session != 0)
			disk_put_delivery(d, b->first_delivery + i, &record);
	}
	for (size_t i = 0; i < b->change_count; i++)
		disk_change(d, &b->changes[i]);
	disk_apply_records(d, str_span(&b->records));
	for (size_t i = 0; i < b->unretained.count; i++)
		disk_unretain(d, b->unretained.all[i]);
	disk_remove_numbers(d, STORE_DELIVERIES, &b->over_deliveries);
	disk_remove_numbers(d, STORE_MESSAGES, &b->over_messages);
}

/* --- what is always true --------------------------------------------------------------------- */

static inline void disk_check_delivery(struct disk *d, const struct disk_record *r)
{
	struct stored_delivery record;
	struct disk_record *m;

	DISK_REQUIRE(stored_delivery_read(disk_key(r), disk_value(r), &record));
	DISK_REQUIRE(disk_number(d, STORE_SESSIONS, record.session) != NULL);
	if (record.message == 0)
		return;
	m = disk_number(d, STORE_MESSAGES, record.message);
	DISK_REQUIRE(m != NULL);
	m->waiting++;
}

/* Every record is whole, refers to what is there, and every message is needed by something. */
static inline void disk_check(struct disk *d)
{
	struct stored_message message;
	struct disk_record *r;

	for (r = d->records; r != NULL; r = r->hh.next)
		r->waiting = 0;
	for (r = d->records; r != NULL; r = r->hh.next) {
		DISK_REQUIRE(stored_record_is_good(disk_table(r), disk_key(r), disk_value(r)));
		if (disk_table(r) == STORE_DELIVERIES)
			disk_check_delivery(d, r);
		else if (disk_table(r) != STORE_MESSAGES)
			DISK_REQUIRE(disk_number(d, STORE_SESSIONS,
						     store_key_number(disk_key(r))) != NULL);
	}
	for (r = d->records; r != NULL; r = r->hh.next) {
		if (disk_table(r) != STORE_MESSAGES)
			continue;
		stored_message_read(disk_key(r), disk_value(r), &message);
		DISK_REQUIRE(message.is_retained || r->waiting > 0);
	}
}

/* --- a shard is filled ----------------------------------------------------------------------- */

static inline int disk_by_name(struct disk_record *a, struct disk_record *b)
{
	return memcmp(a->name, b->name, sizeof(a->name));
}

/* What is being restored, by its number on disk. */
struct disk_found {
	UT_hash_handle hh;
	uint64_t number;
	void *value;
};

static inline void disk_found_add(struct disk_found **table, uint64_t number, void *value)
{
	struct disk_found *f = xcalloc(1, sizeof(*f));

	f->number = number;
	f->value = value;
	HASH_ADD_BYHASHVALUE(hh, *table, number, sizeof(f->number), (unsigned)number, f);
}

static inline void *disk_found_get(struct disk_found *table, uint64_t number)
{
	struct disk_found *f;

	HASH_FIND_BYHASHVALUE(hh, table, &number, sizeof(number), (unsigned)number, f);
	return f != NULL ? f->value : NULL;
}

struct disk_loading {
	struct restore restore;
	struct policy *policy;
	struct disk_found *messages, *sessions;
};

static inline void disk_load_of_session(struct disk_loading *l, const struct disk_record *r)
{
	struct session *s = disk_found_get(l->sessions, store_key_number(disk_key(r)));
	struct stored_subscription sub;
	struct stored_will will;
	struct span ids;
	struct reader ids_reader;

	if (disk_table(r) == STORE_WILLS) {
		DISK_REQUIRE(stored_will_read(disk_key(r), disk_value(r), &will));
		DISK_REQUIRE(restore_will(&l->restore, s, &will));
	} else if (disk_table(r) == STORE_SUBSCRIPTIONS) {
		DISK_REQUIRE(stored_subscription_read(disk_key(r), disk_value(r), &sub));
		DISK_REQUIRE(restore_subscription(
				&l->restore, s, store_key_subscription(disk_key(r)), &sub));
	} else if (disk_table(r) == STORE_RECEIVED) {
		DISK_REQUIRE(stored_received_read(disk_key(r), disk_value(r), &ids));
		ids_reader = reader_of(ids);
		while (reader_left(&ids_reader) > 0)
			DISK_REQUIRE(restore_received(s, read_u16(&ids_reader)));
	}
}

static inline void disk_load_record(struct disk_loading *l, const struct disk_record *r)
{
	uint64_t number = store_key_number(disk_key(r));
	struct stored_message message;
	struct stored_session session;

	if (disk_table(r) == STORE_MESSAGES) {
		DISK_REQUIRE(stored_message_read(disk_key(r), disk_value(r), &message));
		disk_found_add(&l->messages, number,
				restore_message(&l->restore, number, &message, l->policy));
	} else if (disk_table(r) == STORE_SESSIONS) {
		struct session *s;

		DISK_REQUIRE(stored_session_read(disk_key(r), disk_value(r), &session));
		s = restore_session(&l->restore, number, &session, l->policy);
		DISK_REQUIRE(s != NULL);
		disk_found_add(&l->sessions, number, s);
	} else if (disk_table(r) != STORE_DELIVERIES) {
		disk_load_of_session(l, r);
	}
}

static inline void disk_load_delivery(struct disk_loading *l, const struct disk_record *r)
{
	struct stored_delivery record;

	DISK_REQUIRE(stored_delivery_read(disk_key(r), disk_value(r), &record));
	DISK_REQUIRE(restore_delivery(&l->restore, disk_found_get(l->sessions, record.session),
			store_key_number(disk_key(r)), disk_found_get(l->messages, record.message),
			&record));
}

/* Fill the empty shard. Of the listener there is one: `policy`. */
static inline void disk_load(struct disk *d, struct shard *shard, struct policy *policy,
		struct instant now, struct duration to_wall)
{
	struct disk_loading l = { .restore = { .shard = shard, .now = now, .to_wall = to_wall },
		.policy = policy };
	struct disk_found *f, *next;

	/* Tables come in the order of restore.h, but for the deliveries. */
	HASH_SORT(d->records, disk_by_name);
	for (struct disk_record *r = d->records; r != NULL; r = r->hh.next)
		disk_load_record(&l, r);
	for (struct disk_record *r = d->records; r != NULL; r = r->hh.next) {
		if (disk_table(r) == STORE_DELIVERIES)
			disk_load_delivery(&l, r);
	}
	restore_end(&l.restore);
	HASH_ITER (hh, l.messages, f, next) {
		restore_release(&l.restore, f->value);
		HASH_DEL(l.messages, f);
		free(f);
	}
	HASH_ITER (hh, l.sessions, f, next) {
		HASH_DEL(l.sessions, f);
		free(f);
	}
}

#endif
