/* SPDX-License-Identifier: MIT */
#include "broker/store/load.h"

#include <errno.h>

#include "broker/core/restore.h"
#include "common/mem.h"
#include "common/store_log.h"

/* What has a number that others refer to. They come in the order of their numbers. */
struct numbered {
	uint64_t number;
	void *object; /* struct message, with a reference, or struct session */
};

struct numbered_list {
	struct numbered *all;
	size_t count, capacity;
	size_t last; /* found */
};

struct load {
	struct restore restore;
	const struct store_policies *policies;
	struct store_summary *summary;
	struct numbered_list messages, sessions;
};

static void add(struct numbered_list *list, uint64_t number, void *object)
{
	if (list->count == list->capacity)
		list->all = grow_array(
				list->all, list->count, &list->capacity, sizeof(list->all[0]));
	list->all[list->count++] = (struct numbered){ number, object };
}

/* Or NULL. What is looked for is most often what was found before, or the next one. */
static void *find(struct numbered_list *list, uint64_t number)
{
	size_t low = 0, high = list->count;

	for (size_t i = list->last; i < list->count && i < list->last + 2; i++) {
		if (list->all[i].number == number) {
			list->last = i;
			return list->all[i].object;
		}
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->all[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == list->count || list->all[low].number != number)
		return NULL;
	list->last = low;
	return list->all[low].object;
}

static struct policy *policy_of(const struct load *l, struct span listener)
{
	return l->policies->find(l->policies->owner, listener);
}

/* --- one record of each table; false when it is lost ----------------------------------------- */

static bool load_message(struct load *l, struct span key, struct span value)
{
	uint64_t number = store_key_number(key);
	struct stored_message record;

	if (!stored_message_read(key, value, &record))
		return false;
	add(&l->messages, number,
			restore_message(&l->restore, number, &record,
					record.client_id.data != NULL
							? policy_of(l, record.listener)
							: NULL));
	l->summary->messages++;
	l->summary->retained += record.is_retained;
	return true;
}

static bool load_session(struct load *l, struct span key, struct span value)
{
	uint64_t number = store_key_number(key);
	struct stored_session record;
	struct session *s;

	if (!stored_session_read(key, value, &record))
		return false;
	s = restore_session(&l->restore, number, &record, policy_of(l, record.listener));
	if (s == NULL)
		return false;
	add(&l->sessions, number, s);
	l->summary->sessions++;
	return true;
}

static bool load_will(struct load *l, struct span key, struct span value)
{
	struct session *s = find(&l->sessions, store_key_number(key));
	struct stored_will record;

	return s != NULL && stored_will_read(key, value, &record) &&
	       restore_will(&l->restore, s, &record);
}

static bool load_received(struct load *l, struct span key, struct span value)
{
	struct session *s = find(&l->sessions, store_key_number(key));
	struct span ids;
	struct reader r;

	if (s == NULL || !stored_received_read(key, value, &ids))
		return false;
	r = reader_of(ids);
	while (reader_left(&r) > 0)
		restore_received(s, read_u16(&r)); /* twice is as once */
	return true;
}

static bool load_subscription(struct load *l, struct span key, struct span value)
{
	struct session *s = find(&l->sessions, store_key_number(key));
	struct stored_subscription record;

	if (s == NULL || !stored_subscription_read(key, value, &record) ||
			!restore_subscription(&l->restore, s, store_key_subscription(key), &record))
		return false;
	l->summary->subscriptions++;
	return true;
}

static bool load_delivery(struct load *l, struct span key, struct span value)
{
	struct message *m = NULL;
	struct stored_delivery record;
	struct session *s;

	if (!stored_delivery_read(key, value, &record))
		return false;
	s = find(&l->sessions, record.session);
	if (record.message != 0)
		m = find(&l->messages, record.message);
	if (s == NULL || (m == NULL && record.message != 0) ||
			!restore_delivery(&l->restore, s, store_key_number(key), m, &record))
		return false;
	l->summary->deliveries++;
	return true;
}

/* --- all ------------------------------------------------------------------------------------- */

/* In this order each finds what it refers to. */
static const struct {
	enum store_table table;
	bool (*load)(struct load *l, struct span key, struct span value);
} steps[] = {
	{ STORE_MESSAGES, load_message },
	{ STORE_SESSIONS, load_session },
	{ STORE_WILLS, load_will },
	{ STORE_RECEIVED, load_received },
	{ STORE_SUBSCRIPTIONS, load_subscription },
	{ STORE_DELIVERIES, load_delivery },
};

static int load_table(
		struct load *l, size_t step, struct MDB_txn *txn, unsigned table, struct str *lost)
{
	struct lmdb_cursor c;
	int r = lmdb_cursor_open(txn, table, &c);

	for (r = r < 0 ? r : lmdb_cursor_first(&c); r == 0; r = lmdb_cursor_next(&c)) {
		if (steps[step].load(l, c.key, c.value))
			continue;
		store_log_removal(lost, steps[step].table, c.key);
		l->summary->lost++;
	}
	lmdb_cursor_close(&c);
	return r == -ENOENT ? 0 : r;
}

static int load_tables(struct load *l, struct environment *e, struct str *lost)
{
	struct MDB_txn *txn;
	int r = lmdb_read_begin(e->db, &txn);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < array_size(steps); i++)
		r = load_table(l, i, txn, e->tables[steps[i].table], lost);
	lmdb_read_end(e->db, txn);
	return r;
}

int load_shard(struct environment *e, struct shard *shard, const struct store_policies *policies,
		struct instant now, struct wall_time wall, struct store_summary *ret,
		struct str *lost)
{
	struct load l = {
		.restore = { .shard = shard, .now = now, .to_wall = nanoseconds(wall.ns - now.ns) },
		.policies = policies,
		.summary = ret,
	};
	int r;

	*ret = (struct store_summary){ 0 };
	r = load_tables(&l, e, lost);
	restore_end(&l.restore);
	for (size_t i = 0; i < l.messages.count; i++)
		restore_release(&l.restore, l.messages.all[i].object);
	free(l.messages.all);
	free(l.sessions.all);
	return r;
}
