/* SPDX-License-Identifier: MIT */
#include "broker/store/layout.h"

#include <errno.h>

#include "common/clock.h"
#include "common/lmdb.h"
#include "common/store_format.h"

/*
 * Each row brings a store from one layout to the next, in the transaction that also writes the
 * number of the layout: a store that is killed meanwhile is as it was. A row may find the tables
 * larger than memory, so it works with a cursor and changes what it stands on.
 */
static const struct migration {
	int (*migrate)(struct MDB_txn *txn, const unsigned tables[STORE_TABLES]);
} migrations[STORE_LAYOUT] = {
	{ NULL }, /* there is no layout 0 */
};

static int put_number(struct MDB_txn *txn, unsigned table, const char *name, uint64_t number)
{
	struct span key = span_of_text(name);
	uint8_t *at;
	int r = lmdb_reserve(txn, table, key, STORED_META_SIZE, &at);

	if (r == 0)
		stored_meta_write(at, key, number);
	return r;
}

static int check_empty(struct MDB_txn *txn, unsigned table)
{
	struct lmdb_cursor c;
	int r = lmdb_cursor_open(txn, table, &c);

	if (r < 0)
		return r;
	r = lmdb_cursor_first(&c);
	lmdb_cursor_close(&c);
	if (r == 0)
		return -EUCLEAN;
	return r == -ENOENT ? 0 : r;
}

static int create(struct MDB_txn *txn, const unsigned tables[STORE_TABLES])
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < STORE_TABLES; i++)
		r = check_empty(txn, tables[i]);
	if (r == 0)
		r = put_number(txn, tables[STORE_META], STORE_META_CREATED,
				(uint64_t)wall_time_now().ns);
	if (r == 0)
		r = put_number(txn, tables[STORE_META], STORE_META_LAYOUT, STORE_LAYOUT);
	return r;
}

static int read_layout(struct MDB_txn *txn, unsigned meta_table, uint64_t *ret)
{
	static const struct span key = SPAN(STORE_META_LAYOUT);
	struct span value;
	int r = lmdb_get(txn, meta_table, key, &value);

	if (r < 0)
		return r;
	return stored_meta_read(key, value, ret) && *ret > 0 ? 0 : -EUCLEAN;
}

int layout_check(struct MDB_txn *txn, unsigned meta_table)
{
	uint64_t layout = STORE_LAYOUT;
	int r = read_layout(txn, meta_table, &layout);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return layout > STORE_LAYOUT ? -EPROTONOSUPPORT : 0;
}

int layout_settle(struct MDB_txn *txn, void *owner)
{
	const unsigned *tables = owner;
	uint64_t layout;
	int r = read_layout(txn, tables[STORE_META], &layout);

	if (r == -ENOENT)
		return create(txn, tables);
	if (r < 0 || layout >= STORE_LAYOUT)
		return r;
	for (; r == 0 && layout < STORE_LAYOUT; layout++)
		r = migrations[layout].migrate(txn, tables);
	return r < 0 ? r : put_number(txn, tables[STORE_META], STORE_META_LAYOUT, STORE_LAYOUT);
}
