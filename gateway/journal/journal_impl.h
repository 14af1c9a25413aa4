/* SPDX-License-Identifier: MIT */
/*
 * What the files of the journal share. Tables of the environment:
 *
 *     meta     "layout" u32, "id" u64, "state" sequence u64, "note NAME" text
 *     records  sequence u64 big-endian -> record
 *     cursors  output name -> confirmed sequence u64
 *     state    entries of journal_state_put()
 *
 * Every page that a commit touches is written to disk, so a plain append touches the records
 * alone. Places and trimming wait for journal_maintain(), or until TRIM_BATCH records can go. That
 * is safe in any order: what was trimmed had been confirmed by all, so a place that is found
 * behind the first record kept is moved up to it. The last record always stays: it keeps the
 * count of sequences. The size of the journal is that of the pages of the records table.
 */
#ifndef GATEWAY_JOURNAL_JOURNAL_IMPL_H
#define GATEWAY_JOURNAL_JOURNAL_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/lmdb.h"
#include "common/wire.h"
#include "gateway/journal/journal.h"

enum { JOURNAL_KEY = 8 };

struct journal_reader {
	struct journal *journal;
	char *name;
	int wake_fd;
	_Atomic uint64_t confirmed;
	_Atomic uint64_t held; /* what is behind it stays */
	uint64_t durable;      /* what the cursors table says; under the journal's lock */
};

struct journal {
	char *folder;
	struct lmdb *db;
	unsigned meta, records, cursors, state;
	uint64_t id;
	uint64_t max_bytes;
	struct duration keep;
	bool has_state;
	struct journal_reader *readers;
	size_t reader_count;

	pthread_mutex_t lock; /* guards what follows, and orders commits */
	bool is_settled;      /* journal_settle() was called: what nobody needs may go */
	uint64_t next;	      /* sequence of the record that comes next */
	uint64_t first;	      /* oldest record kept, `next` when there is none */
	uint64_t bytes;	      /* what the records occupy */
	uint64_t aged;	      /* up to here everything is older than `keep` */
	uint64_t state_at;    /* the sequence that the state tells of */
	bool trim_failed;     /* was said */

	/* Read without the lock; they change under it. */
	_Atomic uint64_t head; /* the last one that readers see; next - 1 but for a moment */
	_Atomic bool has_room, has_room_again;
};

static inline struct span journal_key(uint64_t sequence, uint8_t key[JOURNAL_KEY])
{
	struct writer w = writer_of(key, JOURNAL_KEY);

	write_u64(&w, sequence);
	return writer_span(&w);
}

static inline uint64_t journal_number(struct span value)
{
	struct reader r = reader_of(value);

	return read_u64(&r);
}

/* After j->bytes has changed. */
static inline void journal_note_room(struct journal *j)
{
	j->has_room = j->bytes < j->max_bytes;
	j->has_room_again = j->bytes < j->max_bytes - j->max_bytes / 10;
}

#endif
