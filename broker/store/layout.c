/* SPDX-License-Identifier: MIT */
#include "broker/store/layout.h"

#include <errno.h>

#include "common/clock.h"
#include "common/lmdb.h"
#include "common/store_format.h"

/* There is no layout 0. Layout 2 will add the way from 1. */
static layout_migration *const migrations[STORE_LAYOUT] = { NULL };

struct layout_plan layout_plan(const unsigned *tables)
{
	return (struct layout_plan){
		.tables = tables, .layout = STORE_LAYOUT, .migrations = migrations
	};
}

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

static int create(struct MDB_txn *txn, const struct layout_plan *plan)
{
	const unsigned *tables = plan->tables;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < STORE_TABLES; i++)
		r = check_empty(txn, tables[i]);
	if (r == 0)
		r = put_number(txn, tables[STORE_META], STORE_META_CREATED,
				(uint64_t)wall_time_now().ns);
	if (r == 0)
		r = put_number(txn, tables[STORE_META], STORE_META_LAYOUT, plan->layout);
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
	const struct layout_plan *plan = owner;
	unsigned meta = plan->tables[STORE_META];
	uint64_t layout;
	int r = read_layout(txn, meta, &layout);

	if (r == -ENOENT)
		return create(txn, plan);
	if (r < 0 || layout >= plan->layout)
		return r;
	for (; r == 0 && layout < plan->layout; layout++)
		r = plan->migrations[layout](txn, plan->tables);
	return r < 0 ? r : put_number(txn, meta, STORE_META_LAYOUT, plan->layout);
}
