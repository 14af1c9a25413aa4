/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <sys/eventfd.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/journal/journal_impl.h"

enum {
	TRIM_BATCH = 4096, /* this many records behind the slowest are trimmed by an append */
	TRIM_IDLE = 20000, /* trimmed by one journal_maintain() at most */
};

/* --- writing ------------------------------------------------------------------------------ */

/* One commit: what goes in, and what will be true when it has succeeded. */
struct commit {
	struct journal *journal;
	const struct record_batch *batch; /* may be NULL */
	size_t trim_most;		  /* 0: leave front and places alone */
	uint64_t trim_to;
	uint64_t first;
	uint64_t bytes;
	uint64_t places[]; /* per reader */
};

static int append_records(struct commit *c, struct MDB_txn *txn)
{
	struct journal *j = c->journal;
	const char *from = c->batch->bytes.text;

	for (size_t i = 0; i < c->batch->count; i++) {
		size_t size = c->batch->sizes[i];
		uint8_t key[JOURNAL_KEY], *value;
		int r = lmdb_append(txn, j->records, journal_key(j->next + i, key), size, &value);

		if (r < 0)
			return r;
		memcpy(value, from, size);
		from += size;
	}
	return 0;
}

static int trim(struct commit *c, struct MDB_txn *txn)
{
	struct lmdb_cursor at;
	size_t left = c->trim_most;
	int r;

	if ((r = lmdb_cursor_open(txn, c->journal->records, &at)) < 0)
		return r;
	for (r = lmdb_cursor_first(&at); r == 0 && left > 0; left--) {
		if (journal_number(at.key) > c->trim_to)
			break;
		c->first = journal_number(at.key) + 1;
		if ((r = lmdb_cursor_delete(&at)) == 0)
			r = lmdb_cursor_next(&at);
	}
	lmdb_cursor_close(&at);
	return r == -ENOENT ? 0 : r;
}

static int put_places(struct commit *c, struct MDB_txn *txn)
{
	struct journal *j = c->journal;
	int result = 0;

	for (size_t i = 0; result == 0 && i < j->reader_count; i++) {
		uint8_t number[JOURNAL_KEY];

		if (c->places[i] != j->readers[i].durable)
			result = lmdb_put(txn, j->cursors, span_of_text(j->readers[i].name),
					journal_key(c->places[i], number));
	}
	return result;
}

static int write_commit(struct MDB_txn *txn, void *owner)
{
	struct commit *c = owner;
	struct journal *j = c->journal;
	int r = 0;

	c->first = j->first; /* anew: this may be called again after the map has grown */
	if (c->batch != NULL)
		r = append_records(c, txn);
	if (r == 0 && c->trim_most > 0)
		r = trim(c, txn);
	if (r == 0 && c->trim_most > 0)
		r = put_places(c, txn);
	return r < 0 ? r : lmdb_table_bytes(txn, j->records, &c->bytes);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * The last sequence that nobody needs: confirmed by every reader, held by none, part of the state,
 * and old, or in the way. The last record stays.
 */
static uint64_t unneeded(struct journal *j)
{
	uint64_t place = j->next > 1 ? j->next - 2 : 0;

	if (!j->is_settled)
		return j->first - 1;
	for (size_t i = 0; i < j->reader_count; i++) {
		place = smaller(j->readers[i].confirmed, place);
		place = smaller(j->readers[i].held, place);
	}
	place = smaller(place, j->state_at);
	return j->bytes > j->max_bytes / 2 ? place : smaller(place, j->aged);
}

/* With the lock held. */
static int commit(struct journal *j, const struct record_batch *batch, size_t trim_most)
{
	struct commit *c = xcalloc(1, sizeof(*c) + j->reader_count * sizeof(c->places[0]));
	int r;

	c->journal = j;
	c->batch = batch;
	c->trim_most = trim_most;
	c->trim_to = unneeded(j);
	for (size_t i = 0; i < j->reader_count; i++)
		c->places[i] = j->readers[i].confirmed;
	r = lmdb_update(j->db, write_commit, c);
	if (r == 0) {
		j->next += batch != NULL ? batch->count : 0;
		j->first = c->first;
		j->bytes = c->bytes;
		journal_note_room(j);
		for (size_t i = 0; trim_most > 0 && i < j->reader_count; i++)
			j->readers[i].durable = c->places[i];
	}
	free(c);
	return r;
}

/* From now on the readers see what is up to `sequence`. */
static void show(struct journal *j, uint64_t sequence)
{
	pthread_mutex_lock(&j->lock);
	if (sequence > j->head)
		j->head = sequence;
	pthread_mutex_unlock(&j->lock);
	for (size_t i = 0; i < j->reader_count; i++)
		journal_reader_wake(&j->readers[i]);
}

int journal_append(struct journal *j, const struct record_batch *batch,
		void (*committed)(void *owner), void *owner)
{
	uint64_t head = 0;
	bool trim_too;
	int r;

	if (batch->count > 0) {
		pthread_mutex_lock(&j->lock);
		trim_too = unneeded(j) + 1 >= j->first + TRIM_BATCH;
		r = commit(j, batch, trim_too ? TRIM_BATCH + batch->count : 0);
		head = j->next - 1;
		pthread_mutex_unlock(&j->lock);
		if (r < 0)
			return r;
	}
	if (committed != NULL)
		committed(owner);
	if (batch->count > 0)
		show(j, head);
	return 0;
}

bool journal_maintain(struct journal *j)
{
	struct wall_time kept = { wall_time_now().ns - j->keep.ns };
	uint64_t aged = journal_before(j, kept);
	bool stale = false, more = false;
	int r = 0;

	pthread_mutex_lock(&j->lock);
	j->aged = aged;
	for (size_t i = 0; i < j->reader_count; i++)
		stale |= j->readers[i].durable != j->readers[i].confirmed;
	if (stale || j->first <= unneeded(j))
		r = commit(j, NULL, TRIM_IDLE);
	more = r == 0 && j->first <= unneeded(j);
	if (r < 0 && !j->trim_failed)
		log_warn_errno(r, "journal %s: cannot be trimmed, trying again", j->folder);
	j->trim_failed = r < 0;
	pthread_mutex_unlock(&j->lock);
	return more;
}

bool journal_has_room(struct journal *j)
{
	return j->has_room;
}

bool journal_has_room_again(struct journal *j)
{
	return j->has_room_again;
}

struct journal_status journal_status(struct journal *j)
{
	struct journal_status s = { .max_bytes = j->max_bytes };

	pthread_mutex_lock(&j->lock);
	s.first = j->first;
	s.head = j->next - 1;
	s.bytes = j->bytes;
	pthread_mutex_unlock(&j->lock);
	return s;
}

/* --- reading ------------------------------------------------------------------------------ */

/* Was the record at `sequence`, or the next one there is, received before `time`? */
static bool is_before(struct lmdb_cursor *c, uint64_t sequence, struct wall_time time)
{
	uint8_t key[JOURNAL_KEY];
	struct wall_time received;

	return lmdb_cursor_seek(c, journal_key(sequence, key)) == 0 &&
	       (!record_decode_received(c->value, &received) || received.ns < time.ns);
}

uint64_t journal_before(struct journal *j, struct wall_time time)
{
	struct journal_status s = journal_status(j);
	uint64_t low = s.first,
		 high = s.head + 1; /* what is asked for lies in low - 1 .. high - 1 */
	struct lmdb_cursor c;
	struct MDB_txn *txn;

	if (lmdb_read_begin(j->db, &txn) < 0)
		return s.first - 1;
	if (lmdb_cursor_open(txn, j->records, &c) == 0) {
		while (low < high) {
			uint64_t middle = low + (high - low) / 2;

			if (is_before(&c, middle, time))
				low = middle + 1;
			else
				high = middle;
		}
		lmdb_cursor_close(&c);
	}
	lmdb_read_end(j->db, txn);
	return low - 1;
}

struct journal_reader *journal_reader_at(struct journal *j, size_t index)
{
	return &j->readers[index];
}

int journal_reader_fd(const struct journal_reader *r)
{
	return r->wake_fd;
}

void journal_reader_rest(struct journal_reader *r)
{
	eventfd_t count;

	eventfd_read(r->wake_fd, &count);
}

void journal_reader_wake(struct journal_reader *r)
{
	eventfd_write(r->wake_fd, 1);
}

uint64_t journal_reader_confirmed(const struct journal_reader *r)
{
	return r->confirmed;
}

void journal_reader_confirm(struct journal_reader *r, uint64_t sequence)
{
	r->confirmed = sequence;
}

void journal_reader_hold(struct journal_reader *r, uint64_t sequence)
{
	r->held = sequence;
}

static int read_from(struct journal *j, struct lmdb_cursor *c, uint64_t *after, uint64_t last,
		bool (*each)(void *, const struct record *), void *owner)
{
	uint8_t key[JOURNAL_KEY];
	struct record record;
	int r = lmdb_cursor_seek(c, journal_key(*after + 1, key));

	for (; r == 0 && journal_number(c->key) <= last; r = lmdb_cursor_next(c)) {
		bool sound = record_decode(c->value, &record);

		*after = record.sequence = journal_number(c->key);
		if (!sound)
			log_error("journal %s: record %" PRIu64 " is damaged and left out",
					j->folder, *after);
		else if (!each(owner, &record))
			break;
	}
	return r == -ENOENT ? 0 : r;
}

static int scan(struct journal *j, uint64_t *after, uint64_t last,
		bool (*each)(void *owner, const struct record *record), void *owner)
{
	struct lmdb_cursor c;
	struct MDB_txn *txn;
	int result;

	if ((result = lmdb_read_begin(j->db, &txn)) < 0)
		return result;
	result = lmdb_cursor_open(txn, j->records, &c);
	if (result == 0) {
		result = read_from(j, &c, after, last, each, owner);
		lmdb_cursor_close(&c);
	}
	lmdb_read_end(j->db, txn);
	return result;
}

int journal_scan(struct journal *j, uint64_t *after,
		bool (*each)(void *owner, const struct record *record), void *owner)
{
	return scan(j, after, UINT64_MAX, each, owner);
}

int journal_reader_read(struct journal_reader *r, uint64_t *after,
		bool (*each)(void *owner, const struct record *record), void *owner)
{
	uint64_t head = r->journal->head;

	return *after < head ? scan(r->journal, after, head, each, owner) : 0;
}
