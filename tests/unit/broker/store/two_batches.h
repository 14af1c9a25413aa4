/* SPDX-License-Identifier: MIT */
/*
 * Two batches, one after the other, and what is found in the store after each.
 */
#ifndef TESTS_UNIT_BROKER_STORE_TWO_BATCHES_H
#define TESTS_UNIT_BROKER_STORE_TWO_BATCHES_H

#include "broker/store/environment.h"
#include "tests/unit/broker/store/fixture.h"

/* Batch 1: two messages for the session "c", one of them retained, and what batch 2 changes. */
static inline void fill_first(struct batch *b)
{
	put_session(b, 1, "c");
	put_session(b, 2, "goes");
	put_text(b, "t/1", "1", true);
	put_text(b, "t/2", "2", false);
	put_delivery(b, (struct batch_delivery){ .session = 1, .message = 1, .qos = 1 });
	put_delivery(b, (struct batch_delivery){ .session = 1, .message = 2, .qos = 1 });
}

/* Something of everything. */
static inline void fill_second(struct batch *b)
{
	uint8_t at[STORE_KEY_SIZE];

	put_text(b, "t/3", "3", true);
	put_delivery(b, (struct batch_delivery){ .session = 1, .message = 3, .qos = 1 });
	put_change(b, (struct batch_change){ .delivery = 1,
				      .packet_id = 9,
				      .qos = 1,
				      .state = INFLIGHT_WAIT_PUBACK });
	put_number(&b->unretained, 1);
	put_number(&b->over_deliveries, 2);
	put_number(&b->over_messages, 2);
	put_session(b, 3, "comes");
	store_log_removal(&b->records, STORE_SESSIONS, store_key(at, 2));
}

static inline void assert_first(struct fixture *f)
{
	assert_int_equal(f->found.lost, 0);
	assert_int_equal(f->found.sessions, 2);
	assert_int_equal(f->found.messages, 2);
	assert_int_equal(f->found.retained, 1);
	assert_int_equal(f->found.deliveries, 2);
	assert_non_null(session_named(f, "goes"));
	assert_int_equal(session_named(f, "c")->outbox.count, 2);
}

static inline void assert_second(struct fixture *f)
{
	assert_int_equal(f->found.lost, 0);
	assert_int_equal(f->found.sessions, 2);
	assert_int_equal(f->found.messages, 2);
	assert_int_equal(f->found.retained, 1);
	assert_int_equal(f->found.deliveries, 2);
	assert_non_null(session_named(f, "comes"));
	assert_int_equal(session_named(f, "c")->outbox.count, 1);
	assert_int_equal(session_named(f, "c")->inflight.count, 1);
}

static inline void commit_first(struct fixture *f)
{
	open_store(f);
	fill_first(&f->batch);
	commit_batch(f);
}

/* What is of no batch, for lmdb_update() with a struct environment. */
static inline int put_anything(struct MDB_txn *txn, void *owner)
{
	struct environment *e = owner;
	struct span key = SPAN("key"), value = SPAN("value");

	return lmdb_put(txn, e->tables[STORE_META], key, value);
}

#endif
