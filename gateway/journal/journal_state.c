/* SPDX-License-Identifier: MIT */
/*
 * What the journal keeps beside its records: notes, and the state of who has read all of them.
 */
#include <errno.h>

#include "gateway/journal/journal_impl.h"

/* --- notes -------------------------------------------------------------------------------- */

struct note {
	struct journal *journal;
	struct str key;
	struct span text;
};

void journal_note_get(struct journal *j, const char *name, struct str *into)
{
	struct str key = { 0 };
	struct MDB_txn *txn;
	struct span value;

	str_printf(&key, "note %s", name);
	if (lmdb_read_begin(j->db, &txn) == 0) {
		if (lmdb_get(txn, j->meta, str_span(&key), &value) == 0)
			str_append(into, value);
		lmdb_read_end(j->db, txn);
	}
	str_finish(&key);
}

static int put_note(struct MDB_txn *txn, void *owner)
{
	struct note *note = owner;

	return lmdb_put(txn, note->journal->meta, str_span(&note->key), note->text);
}

int journal_note_put(struct journal *j, const char *name, struct span text)
{
	struct note note = { .journal = j, .text = text };
	int r;

	str_printf(&note.key, "note %s", name);
	r = lmdb_update(j->db, put_note, &note);
	str_finish(&note.key);
	return r;
}

/* --- state -------------------------------------------------------------------------------- */

struct state {
	struct journal *journal;
	uint64_t sequence;
	const struct journal_change *changes;
	size_t count;
};

static int put_state(struct MDB_txn *txn, void *owner)
{
	const struct state *s = owner;
	struct journal *j = s->journal;
	uint8_t number[JOURNAL_KEY];
	int r = lmdb_put(txn, j->meta, span_of_text("state"), journal_key(s->sequence, number));

	for (size_t i = 0; r == 0 && i < s->count; i++) {
		const struct journal_change *c = &s->changes[i];

		if (c->value.len > 0)
			r = lmdb_put(txn, j->state, c->key, c->value);
		else if ((r = lmdb_delete(txn, j->state, c->key)) == -ENOENT)
			r = 0;
	}
	return r;
}

int journal_state_put(struct journal *j, uint64_t sequence, const struct journal_change *changes,
		size_t count)
{
	struct state s = { j, sequence, changes, count };
	int r;

	pthread_mutex_lock(&j->lock);
	r = lmdb_update(j->db, put_state, &s);
	if (r == 0)
		j->state_at = sequence;
	pthread_mutex_unlock(&j->lock);
	return r;
}

int journal_state_each(struct journal *j,
		void (*each)(void *owner, struct span key, struct span value), void *owner,
		uint64_t *ret_sequence)
{
	struct lmdb_cursor c;
	struct MDB_txn *txn;
	int r = lmdb_read_begin(j->db, &txn);

	if (r < 0)
		return r;
	r = lmdb_cursor_open(txn, j->state, &c);
	if (r == 0) {
		for (r = lmdb_cursor_first(&c); r == 0; r = lmdb_cursor_next(&c))
			each(owner, c.key, c.value);
		lmdb_cursor_close(&c);
	}
	lmdb_read_end(j->db, txn);
	pthread_mutex_lock(&j->lock);
	*ret_sequence = j->state_at;
	pthread_mutex_unlock(&j->lock);
	return r == -ENOENT ? 0 : r;
}
