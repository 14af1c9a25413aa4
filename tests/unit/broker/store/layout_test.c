/* SPDX-License-Identifier: MIT */
/*
 * A store of an older layout is brought up to date, whole or not at all; here by migrations of the
 * test's own, from the layout that this version writes to two that come after it.
 */
#include "broker/store/layout.h"

#include "broker/store/environment.h"
#include "tests/unit/broker/store/fixture.h"

static struct environment e;
static int second_fails;

static int begin(void **state)
{
	struct fixture *f;

	setup(state);
	f = *state;
	open_store(f);
	put_session(&f->batch, 1, "before");
	commit_batch(f);
	close_store(f);
	e = (struct environment){ 0 };
	second_fails = 0;
	assert_int_equal(environment_open(&e, f->folder), 0);
	return 0;
}

static int end(void **state)
{
	environment_close(&e);
	return teardown(state);
}

/* The session has another name from now on. */
static int rename_session(struct MDB_txn *txn, const unsigned tables[STORE_TABLES])
{
	uint8_t at[STORE_KEY_SIZE], value[256];
	struct span key = store_key(at, 1), old;
	struct stored_session s;
	size_t size;

	assert_int_equal(lmdb_get(txn, tables[STORE_SESSIONS], key, &old), 0);
	assert_true(stored_session_read(key, old, &s));
	s.client_id = BYTES("after");
	size = stored_session_size(&s);
	stored_session_write(value, size, key, &s);
	return lmdb_put(txn, tables[STORE_SESSIONS], key, span_of(value, size));
}

static int second(struct MDB_txn *txn, const unsigned tables[STORE_TABLES])
{
	(void)txn;
	(void)tables;
	return second_fails;
}

static layout_migration *const migrations[] = { NULL, rename_session, second };

static int settle(uint64_t layout)
{
	struct layout_plan plan = {
		.tables = e.tables, .layout = layout, .migrations = migrations
	};

	assert_true(STORE_LAYOUT == 1); /* or these begin with another one */
	return environment_update(&e, layout_settle, &plan);
}

static void assert_store(const char *client_id, uint64_t layout)
{
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, 1), name = span_of_text(STORE_META_LAYOUT), value;
	struct MDB_txn *txn;
	struct stored_session s;
	uint64_t found;

	assert_int_equal(lmdb_read_begin(e.db, &txn), 0);
	assert_int_equal(lmdb_get(txn, e.tables[STORE_SESSIONS], key, &value), 0);
	assert_true(stored_session_read(key, value, &s));
	assert_span_text(s.client_id, client_id);
	assert_int_equal(lmdb_get(txn, e.tables[STORE_META], name, &value), 0);
	assert_true(stored_meta_read(name, value, &found));
	assert_int_equal(found, layout);
	lmdb_read_end(e.db, txn);
}

static void an_older_layout_is_migrated_step_by_step(void **unused)
{
	(void)unused;
	assert_int_equal(settle(3), 0);
	assert_store("after", 3);
}

static void a_migration_that_fails_leaves_the_store_as_it_was(void **unused)
{
	(void)unused;
	second_fails = -EIO;
	assert_int_equal(settle(3), -EIO);
	assert_store("before", 1);
}

static void nothing_is_migrated_twice(void **unused)
{
	(void)unused;
	assert_int_equal(settle(2), 0);
	assert_store("after", 2);
	second_fails = -EIO; /* it is not asked */
	assert_int_equal(settle(2), 0);
	assert_store("after", 2);
}

static void what_is_newer_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(settle(2), 0);
	environment_close(&e);
	assert_int_equal(environment_open(&e, f->folder), -EPROTONOSUPPORT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_older_layout_is_migrated_step_by_step),
		CASE(a_migration_that_fails_leaves_the_store_as_it_was),
		CASE(nothing_is_migrated_twice),
		CASE(what_is_newer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
