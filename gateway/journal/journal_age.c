/* SPDX-License-Identifier: MIT */
/*
 * How old what waits in the journal is.
 */
#include "gateway/journal/journal_impl.h"

struct wall_time journal_received(struct journal *j, uint64_t sequence)
{
	struct wall_time received = { 0 };
	uint8_t key[JOURNAL_KEY];
	struct record record;
	struct lmdb_cursor c;
	struct MDB_txn *txn;

	if (sequence > j->head || lmdb_read_begin(j->db, &txn) < 0)
		return received;
	if (lmdb_cursor_open(txn, j->records, &c) == 0) {
		if (lmdb_cursor_seek(&c, journal_key(sequence, key)) == 0 &&
				record_decode(c.value, &record))
			received = record.received;
		lmdb_cursor_close(&c);
	}
	lmdb_read_end(j->db, txn);
	return received;
}
