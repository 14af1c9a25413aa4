/* SPDX-License-Identifier: MIT */
/*
 * What the gateway has acknowledged and not yet delivered everywhere: one append-only sequence of
 * records on disk, written once, read by every output at its own place.
 *
 *     sequence   101 102 103 104 105 106 107 108 109
 *                 │           │               │    └ head: the last record committed
 *                 │           │               └ nagios has confirmed up to 107
 *                 │           └ icinga has confirmed up to 104: the slowest
 *                 └ kept for `keep` behind the slowest, for those who ask or want it again
 *
 * A message is acknowledged to the broker only after the commit that holds it returned: then it
 * survives kill -9 and power loss. Many messages share one commit; while one commit runs, the
 * next batch gathers by itself.
 *
 * A reader's place becomes durable with journal_maintain(), called about once a second; meanwhile
 * it is kept in the output's progress file (gateway/journal/progress.h). Losing it means delivering
 * again, never losing.
 *
 * The journal is bounded: when it holds `max_bytes`, journal_has_room() is false and intake stops
 * taking messages off the broker, which queues them in the gateway's session. Nothing is dropped
 * here. What one batch brings may stand above the bound. What is confirmed everywhere is kept only
 * while the journal holds less than half of that.
 *
 * Beside the records stands the state of whoever reads all of them in memory (gateway/rules/
 * standing.h): entries as of a sequence; the records behind that are read again after a restart,
 * so they are kept until the next time.
 *
 * A damaged journal is renamed to "journal.damaged-TIME" and a new one begun; one written by a
 * newer belfry is refused.
 *
 * Threads: all functions but open and close may be called from any thread; a reader belongs to one.
 */
#ifndef GATEWAY_JOURNAL_JOURNAL_H
#define GATEWAY_JOURNAL_JOURNAL_H

#include "common/settings.h"
#include "gateway/journal/record.h"

struct journal;
struct journal_reader;

struct journal_options {
	const char *folder; /* created when missing */
	uint64_t max_bytes;
	struct duration keep;	    /* how long what is confirmed everywhere stays */
	bool has_state;		    /* journal_state_put() will be called, about once a second */
	const char *const *outputs; /* each gets a reader */
	size_t output_count;
};

struct journal_status {
	uint64_t first; /* oldest record kept, head + 1 when there is none */
	uint64_t head;
	uint64_t bytes;
	uint64_t max_bytes;
};

/* 0 or -errno; says in the log what is wrong and what to do. */
int journal_open(const struct journal_options *options, struct journal **ret);
void journal_close(struct journal *j);

/*
 * The outputs of the options are in charge now: the places of others are forgotten. Before that
 * nothing is trimmed, so that who opens the journal and then does not start leaves to the outputs
 * of another configuration what they have not delivered. 0 or -errno.
 */
int journal_settle(struct journal *j);

/* A random number that this journal was created with. */
uint64_t journal_id(const struct journal *j);

/*
 * Write the batch and commit. 0: it is on disk. -errno: nothing of it is. `committed` is called
 * when it is, before any reader sees the records: what is said of them then is said before what
 * comes of them. NULL: nothing is.
 */
int journal_append(struct journal *j, const struct record_batch *batch,
		void (*committed)(void *owner), void *owner);

/*
 * Make the readers' places durable and trim, when something has changed since the last commit.
 * Returns true while there is more to trim.
 */
bool journal_maintain(struct journal *j);

bool journal_has_room(struct journal *j);
/* The same with a tenth to spare. */
bool journal_has_room_again(struct journal *j);
struct journal_status journal_status(struct journal *j);

/*
 * Small texts that belong to the journal, such as what the session subscribed to. get appends the
 * text, nothing when it was never set; put commits, 0 or -errno.
 */
void journal_note_get(struct journal *j, const char *name, struct str *into);
int journal_note_put(struct journal *j, const char *name, struct span text);

/* The last sequence that was received before `time`; never less than what is trimmed already. */
uint64_t journal_before(struct journal *j, struct wall_time time);

/*
 * Call `each` for the records behind `after`, in order, until it returns false or there is none.
 * The record is valid during the call. `after` becomes the last sequence that was looked at: one
 * that is damaged is logged and left out. 0 or -errno.
 */
int journal_scan(struct journal *j, uint64_t *after,
		bool (*each)(void *owner, const struct record *record), void *owner);

/* One entry of the state; an empty value removes it. */
struct journal_change {
	struct span key, value;
};

/* Put the entries, which tell the state as of `sequence`, in one commit. 0 or -errno. */
int journal_state_put(struct journal *j, uint64_t sequence, const struct journal_change *changes,
		size_t count);

/* Call `each` for every entry; *ret_sequence: as of when. 0 or -errno. */
int journal_state_each(struct journal *j,
		void (*each)(void *owner, struct span key, struct span value), void *owner,
		uint64_t *ret_sequence);

/* When the record at `sequence`, or the next one there is, was received; ns == 0: there is none. */
struct wall_time journal_received(struct journal *j, uint64_t sequence);

/* The reader of the output at `index` of the options. It lives as long as the journal. */
struct journal_reader *journal_reader_at(struct journal *j, size_t index);

/* Readable (poll) whenever records were added since journal_reader_rest(). */
int journal_reader_fd(const struct journal_reader *r);
void journal_reader_rest(struct journal_reader *r);

/* Make the descriptor readable without a record: to wake the one who waits. From any thread. */
void journal_reader_wake(struct journal_reader *r);

/* The last sequence this reader has confirmed. */
uint64_t journal_reader_confirmed(const struct journal_reader *r);

/*
 * Everything up to `sequence` has arrived: it may be trimmed. In memory at once, on disk with
 * journal_maintain().
 */
void journal_reader_confirm(struct journal_reader *r, uint64_t sequence);

/*
 * Keep the records behind `sequence` even when they are confirmed: they may be asked for again.
 * UINT64_MAX, as at the start: none.
 */
void journal_reader_hold(struct journal_reader *r, uint64_t sequence);

/* journal_scan() of what is shown, at once when there is nothing. */
int journal_reader_read(struct journal_reader *r, uint64_t *after,
		bool (*each)(void *owner, const struct record *record), void *owner);

#endif
