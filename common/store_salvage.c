/* SPDX-License-Identifier: MIT */
#include "common/store_salvage.h"

#include <errno.h>

#include "common/lmdb.h"
#include "common/lmdb_salvage.h"
#include "common/store_folder.h"
#include "common/store_log.h"

enum { BATCH_BYTES = 16 << 20 }; /* of records, in one commit */

static const size_t map_start = 64 << 20;
static const size_t map_limit = (size_t)1 << 44; /* what bounds the file is the disk */

static void name_file(const char *folder, struct str *ret)
{
	str_printf(ret, "%s/%s", folder, STORE_FILE);
}

int store_examine(const char *folder, struct lmdb_check_summary *ret, struct str *problem)
{
	const char *names[STORE_TABLES + 1] = { NULL };
	struct str path = { 0 };
	int result;

	for (unsigned i = 0; i < STORE_TABLES; i++)
		names[i] = store_table_name((enum store_table)i);
	name_file(folder, &path);
	result = lmdb_check_tables(str_text(&path), names, ret, problem);
	str_finish(&path);
	return result;
}

/* --- visiting ------------------------------------------------------------------------------- */

static bool find_table(struct span name, enum store_table *ret)
{
	for (unsigned i = 0; i < STORE_TABLES; i++) {
		*ret = (enum store_table)i;
		if (span_equal_text(name, store_table_name(*ret)))
			return true;
	}
	return false;
}

static int visit_table(void *owner, struct span name, uint64_t records)
{
	const struct store_visitor *visitor = owner;
	enum store_table table;

	if (!find_table(name, &table))
		return 1;
	if (visitor->table != NULL)
		visitor->table(visitor->owner, table, records);
	return 0;
}

static int visit_record(void *owner, const struct lmdb_record *r)
{
	const struct store_visitor *visitor = owner;
	enum store_table table;
	bool is_good;
	int result;

	if (!find_table(r->table, &table))
		return 0;
	is_good = stored_record_is_good(table, r->key, r->value);
	result = visitor->record(visitor->owner, table, r->key, r->value, is_good, r->is_older);
	return result < 0 ? result : !is_good;
}

int store_visit(const char *folder, const struct store_visitor *visitor, uint64_t *ret_gaps)
{
	struct store_visitor own = *visitor;
	const struct lmdb_visitor pages = { &own, visit_table, visit_record };
	struct str path = { 0 };
	int result;

	name_file(folder, &path);
	result = lmdb_salvage(str_text(&path), &pages, ret_gaps);
	str_finish(&path);
	if (result == -EUCLEAN) { /* it has nothing */
		*ret_gaps = 1;
		result = 0;
	}
	return result;
}

/* --- taking over ---------------------------------------------------------------------------- */

struct salvage {
	struct lmdb *to;
	unsigned tables[STORE_TABLES];
	struct str batch; /* a log: store_log.h */
	struct store_salvage_summary *summary;
	uint64_t said[STORE_TABLES], bad[STORE_TABLES];
	uint64_t added[STORE_TABLES]; /* by the commit under way */
	bool has_layout;
};

/* Records mostly come in order. One that is there already is the better one. */
static int put(struct MDB_txn *txn, unsigned table, const struct store_log_entry *e, bool *ret_new)
{
	uint8_t *at = NULL;
	struct span there;
	int result = lmdb_append(txn, table, e->key, e->value.len, &at);

	*ret_new = true;
	if (result == -EEXIST) {
		result = lmdb_get(txn, table, e->key, &there);
		if (result == 0) {
			*ret_new = false;
			return 0;
		}
		if (result == -ENOENT)
			result = lmdb_reserve(txn, table, e->key, e->value.len, &at);
	}
	if (result == 0)
		memcpy(at, e->value.data, e->value.len);
	return result;
}

static int put_batch(struct MDB_txn *txn, void *owner)
{
	struct salvage *s = owner;
	struct span rest = str_span(&s->batch);
	struct store_log_entry e;
	int result = 0;

	memset(s->added, 0, sizeof(s->added));
	while (result == 0 && store_log_next(&rest, &e)) {
		bool is_new;

		result = put(txn, s->tables[e.table], &e, &is_new);
		s->added[e.table] += is_new;
	}
	return result;
}

static int commit(struct salvage *s)
{
	int result = s->batch.len > 0 ? lmdb_update(s->to, put_batch, s) : 0;

	if (result == 0 && s->batch.len > 0) {
		for (unsigned i = 0; i < STORE_TABLES; i++)
			s->summary->tables[i].taken += s->added[i];
	}
	str_clear(&s->batch);
	return result;
}

static void take_table(void *owner, enum store_table table, uint64_t records)
{
	struct salvage *s = owner;

	s->said[table] = records;
}

static int take_meta(struct salvage *s, struct span key, struct span value)
{
	uint64_t layout;

	if (!span_equal_text(key, STORE_META_LAYOUT) || !stored_meta_read(key, value, &layout))
		return 0;
	s->has_layout = true;
	return layout > STORE_LAYOUT ? -EPROTONOSUPPORT : 0;
}

static int take_record(void *owner, enum store_table table, struct span key, struct span value,
		bool is_good, bool is_older)
{
	struct salvage *s = owner;
	int result = 0;

	if (!is_good) {
		s->bad[table] += !is_older;
		return 0;
	}
	if (table == STORE_META)
		result = take_meta(s, key, value);
	memcpy(store_log_put(&s->batch, table, key, value.len), value.data, value.len);
	if (result == 0 && s->batch.len > BATCH_BYTES)
		result = commit(s);
	return result;
}

/* Without its layout a store is none. */
static int add_layout(struct salvage *s)
{
	struct span key = SPAN(STORE_META_LAYOUT);

	if (s->has_layout)
		return 0;
	stored_meta_write(store_log_put(&s->batch, STORE_META, key, STORED_META_SIZE), key,
			STORE_LAYOUT);
	return commit(s);
}

static void count_lost(struct salvage *s)
{
	for (unsigned i = 0; i < STORE_TABLES; i++) {
		uint64_t taken = s->summary->tables[i].taken;
		uint64_t lost = s->said[i] > taken ? s->said[i] - taken : 0;

		s->summary->tables[i].lost = s->said[i] == 0 ? s->bad[i] : lost;
	}
}

static int open_tables(struct salvage *s, const char *folder)
{
	const struct lmdb_options options = {
		.map_size = map_start,
		.map_limit = map_limit,
		.tables = STORE_TABLES,
		.mode = 0600,
	};
	int result = lmdb_open(folder, &options, &s->to);

	for (unsigned i = 0; result == 0 && i < STORE_TABLES; i++)
		result = lmdb_table(s->to, store_table_name((enum store_table)i), &s->tables[i]);
	return result;
}

int store_salvage(const char *from_folder, const char *to_folder, struct store_salvage_summary *ret)
{
	struct salvage s = { .summary = ret };
	const struct store_visitor visitor = { &s, take_table, take_record };
	int result;

	*ret = (struct store_salvage_summary){ 0 };
	result = open_tables(&s, to_folder);
	if (result == 0)
		result = store_visit(from_folder, &visitor, &ret->gaps);
	if (result == 0)
		result = commit(&s);
	if (result == 0)
		result = add_layout(&s);
	count_lost(&s);
	lmdb_close(s.to);
	str_finish(&s.batch);
	return result;
}
