/* SPDX-License-Identifier: MIT */
#include "broker/store/write.h"

#include <errno.h>

#include "broker/core/inflight.h"
#include "broker/core/source.h"
#include "common/store_log.h"

_Static_assert(INFLIGHT_FREE == 0 && INFLIGHT_WAIT_PUBACK == 1 && INFLIGHT_WAIT_PUBREC == 2 &&
				INFLIGHT_WAIT_PUBCOMP == 3,
		"they are on disk: common/store_format.c");

/* One transaction in which a batch is written. */
struct pass {
	struct batch_writer *w;
	struct MDB_txn *txn;
	uint8_t key_bytes[STORE_KEY_SIZE];
};

void batch_writer_finish(struct batch_writer *w)
{
	str_finish(&w->scratch);
}

static unsigned table_of(const struct pass *p, enum store_table table)
{
	return p->w->tables[table];
}

static struct span key_of(struct pass *p, uint64_t number)
{
	return store_key(p->key_bytes, number);
}

/*
 * Numbers go up, so that a new record belongs behind all others. It does not when the batch had
 * been written already, which its commit did not tell, or when a damaged record stands there.
 */
static int append(struct pass *p, enum store_table table, struct span key, size_t size,
		uint8_t **ret_value)
{
	int r = lmdb_append(p->txn, table_of(p, table), key, size, ret_value);

	if (r == -EEXIST)
		r = lmdb_reserve(p->txn, table_of(p, table), key, size, ret_value);
	p->w->put++;
	return r;
}

/* What is not there need not be removed. */
static int take_out(struct pass *p, enum store_table table, struct span key)
{
	int r = store_fault_at(&p->w->fault, "remove");

	if (r == 0)
		r = lmdb_delete(p->txn, table_of(p, table), key);
	p->w->removed += r == 0;
	return r == -ENOENT ? 0 : r;
}

/* --- messages -------------------------------------------------------------------------------- */

static int64_t to_wall(struct instant t, struct duration to_wall)
{
	int64_t wall;

	if (t.ns == INSTANT_NEVER.ns || __builtin_add_overflow(t.ns, to_wall.ns, &wall))
		return STORE_NEVER;
	return wall > 0 ? wall : 0;
}

static void describe_publisher(const struct source *source, struct stored_message *ret)
{
	if (source->username_len > 0)
		ret->username = source_username(source);
	ret->client_id = source_client_id(source);
	ret->listener = span_of_text(source->listener);
}

static int write_message(struct pass *p, uint64_t number, const struct batch_message *item)
{
	const struct message *m = item->message;
	struct stored_message record = {
		.topic = message_topic(m),
		.properties = message_properties(m),
		.payload = message_payload(m),
		.publisher_len = m->publisher_len,
		.qos = m->qos,
		.retain = m->retain,
		.is_retained = item->is_retained,
		.expires = to_wall(m->expires, p->w->batch->to_wall),
	};
	struct span key = key_of(p, number);
	size_t size;
	uint8_t *at;
	int r;

	if (m->source != NULL)
		describe_publisher(m->source, &record);
	size = stored_message_size(&record);
	r = store_fault_at(&p->w->fault, "message");
	if (r == 0)
		r = append(p, STORE_MESSAGES, key, size, &at);
	if (r == 0)
		stored_message_write(at, size, key, &record);
	return r;
}

static int write_messages(struct pass *p)
{
	const struct batch *b = p->w->batch;
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->message_count; i++) {
		if (b->messages[i].message != NULL)
			r = write_message(p, b->first_message + i, &b->messages[i]);
	}
	return r;
}

/*
 * The record as it is, copied, because what is read of it must outlast its being written anew;
 * data NULL when there is none.
 */
static int fetch(struct pass *p, enum store_table table, struct span key, struct span *ret)
{
	int r = lmdb_get(p->txn, table_of(p, table), key, ret);

	if (r == 0) {
		str_clear(&p->w->scratch);
		str_append(&p->w->scratch, *ret);
		*ret = str_span(&p->w->scratch);
		return 0;
	}
	*ret = (struct span){ NULL, 0 };
	return r == -ENOENT ? 0 : r;
}

static int replace(struct pass *p, enum store_table table, struct span key, size_t size,
		uint8_t **ret_value)
{
	p->w->put++;
	return lmdb_reserve(p->txn, table_of(p, table), key, size, ret_value);
}

/* It is waited for still, but is not its topic's retained message any more. */
static int write_unretained(struct pass *p, uint64_t number)
{
	struct span key = key_of(p, number), value = { NULL, 0 };
	struct stored_message record;
	uint8_t *at;
	int r = store_fault_at(&p->w->fault, "message");

	if (r == 0)
		r = fetch(p, STORE_MESSAGES, key, &value);
	if (r < 0 || !stored_message_read(key, value, &record))
		return r;
	record.is_retained = false;
	r = replace(p, STORE_MESSAGES, key, value.len, &at);
	if (r == 0)
		stored_message_write(at, value.len, key, &record);
	return r;
}

/* --- deliveries ------------------------------------------------------------------------------ */

static int write_delivery(struct pass *p, uint64_t number, const struct batch_delivery *item)
{
	const struct stored_delivery record = {
		.session = item->session,
		.message = item->message,
		.group = item->group,
		.packet_id = item->packet_id,
		.qos = item->qos,
		.state = item->state,
		.retain = item->retain,
		.ids = item->ids != NULL ? span_of(item->ids->bytes, item->ids->len)
					 : (struct span){ NULL, 0 },
	};
	struct span key = key_of(p, number);
	size_t size = stored_delivery_size(&record);
	uint8_t *at;
	int r = store_fault_at(&p->w->fault, "delivery");

	if (r == 0)
		r = append(p, STORE_DELIVERIES, key, size, &at);
	if (r == 0)
		stored_delivery_write(at, size, key, &record);
	return r;
}

static int write_deliveries(struct pass *p)
{
	const struct batch *b = p->w->batch;
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->delivery_count; i++) {
		if (b->deliveries[i].session != 0)
			r = write_delivery(p, b->first_delivery + i, &b->deliveries[i]);
	}
	return r;
}

static int write_change(struct pass *p, const struct batch_change *change)
{
	struct span key = key_of(p, change->delivery), value = { NULL, 0 };
	struct stored_delivery record;
	uint8_t *at;
	int r = store_fault_at(&p->w->fault, "delivery");

	if (r == 0)
		r = fetch(p, STORE_DELIVERIES, key, &value);
	if (r < 0 || !stored_delivery_read(key, value, &record))
		return r;
	record.packet_id = change->packet_id;
	record.qos = change->qos;
	record.state = change->state;
	if (change->is_taken)
		record.message = 0;
	r = replace(p, STORE_DELIVERIES, key, value.len, &at);
	if (r == 0)
		stored_delivery_write(at, value.len, key, &record);
	return r;
}

static int write_changes(struct pass *p)
{
	const struct batch *b = p->w->batch;
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->change_count; i++)
		r = write_change(p, &b->changes[i]);
	for (size_t i = 0; r == 0 && i < b->unretained.count; i++)
		r = write_unretained(p, b->unretained.all[i]);
	return r;
}

/* --- everything else ------------------------------------------------------------------------- */

static int write_record(struct pass *p, const struct store_log_entry *e)
{
	uint8_t *at;
	int r;

	if (e->value.data == NULL)
		return take_out(p, e->table, e->key);
	r = store_fault_at(&p->w->fault, "record");
	if (r == 0)
		r = replace(p, e->table, e->key, e->value.len, &at);
	if (r == 0)
		memcpy(at, e->value.data, e->value.len);
	return r;
}

static int write_records(struct pass *p, struct span log)
{
	struct store_log_entry e;
	int r = 0;

	while (r == 0 && store_log_next(&log, &e))
		r = write_record(p, &e);
	return r;
}

static int write_removals(struct pass *p, enum store_table table, const struct number_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = take_out(p, table, key_of(p, list->all[i]));
	return r;
}

static int write_batch(struct pass *p)
{
	const struct batch *b = p->w->batch;
	int r = write_messages(p);

	if (r == 0)
		r = write_deliveries(p);
	if (r == 0)
		r = write_changes(p);
	if (r == 0)
		r = write_records(p, str_span(&b->records));
	if (r == 0)
		r = write_removals(p, STORE_DELIVERIES, &b->over_deliveries);
	if (r == 0)
		r = write_removals(p, STORE_MESSAGES, &b->over_messages);
	return r;
}

int batch_write(struct MDB_txn *txn, void *owner)
{
	struct batch_writer *w = owner;
	struct pass p = { .w = w, .txn = txn };
	int r = store_fault_at(&w->fault, "begin");

	w->put = w->removed = 0;
	if (r == 0 && w->batch != NULL)
		r = write_batch(&p);
	if (r == 0)
		r = write_records(&p, w->records);
	if (r == 0)
		r = store_fault_at(&w->fault, "commit");
	return r;
}
