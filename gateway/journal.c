/* SPDX-License-Identifier: MIT */
/*
 * Tables of the environment:
 *
 *     meta     "layout" u32, "id" u64, "note NAME" text
 *     records  sequence u64 big-endian -> record
 *     cursors  output name -> confirmed sequence u64
 *
 * Every page that a commit touches is written to disk, so a plain append touches the records
 * alone. Places and trimming wait for journal_maintain(), or until TRIM_BATCH records can go. That
 * is safe in any order: what was trimmed had been confirmed by all, so a place that is found
 * behind the first record kept is moved up to it. The last record always stays: it keeps the
 * count of sequences. The size of the journal is that of the pages of the records table.
 */
#include "gateway/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "common/hash.h"
#include "common/lmdb.h"
#include "common/log.h"
#include "common/wire.h"

enum {
	LAYOUT = 1,
	KEY_SIZE = 8,
	MAP_START = 64 * 1024 * 1024,
	TRIM_BATCH = 4096, /* this many records behind the slowest are trimmed by an append */
	TRIM_IDLE = 20000, /* trimmed by one journal_maintain() at most */
};

struct journal_reader {
	struct journal *journal;
	char *name;
	int wake_fd;
	_Atomic uint64_t confirmed;
	uint64_t durable; /* what the cursors table says; under the journal's lock */
};

struct journal {
	char *folder;
	struct lmdb *db;
	unsigned meta, records, cursors;
	uint64_t id;
	uint64_t max_bytes;
	struct journal_reader *readers;
	size_t reader_count;

	pthread_mutex_t lock; /* guards what follows, and orders commits */
	uint64_t next;
	uint64_t first;

	uint64_t bytes;
	bool trim_failed; /* was said */

	_Atomic uint64_t head;
	_Atomic bool has_room, has_room_again;
};

static struct span key_of(uint64_t sequence, uint8_t key[KEY_SIZE])
{
	struct writer w = writer_of(key, KEY_SIZE);

	write_u64(&w, sequence);
	return writer_span(&w);
}

static uint64_t number_in(struct span value)
{
	struct reader r = reader_of(value);

	return read_u64(&r);
}

/* --- opening ----------------------------------------------------------------------------- */

static int create_meta(struct journal *j, struct MDB_txn *txn)
{
	uint8_t layout[4] = { 0, 0, 0, LAYOUT }, id[KEY_SIZE];
	int r;

	j->id = hash_seed();
	r = lmdb_put(txn, j->meta, span_of_text("layout"), span_of(layout, sizeof(layout)));
	if (r == 0)
		r = lmdb_put(txn, j->meta, span_of_text("id"), key_of(j->id, id));
	return r;
}

static int load_meta(struct journal *j, struct MDB_txn *txn)
{
	struct span value;
	struct reader r;
	uint32_t layout;
	int result = lmdb_get(txn, j->meta, span_of_text("layout"), &value);

	if (result == -ENOENT && (result = create_meta(j, txn)) == 0)
		result = lmdb_get(txn, j->meta, span_of_text("layout"), &value);
	if (result < 0)
		return result;
	r = reader_of(value);
	layout = read_u32(&r);
	if (layout != LAYOUT || reader_failed(&r))
		return layout > LAYOUT ? -EPROTONOSUPPORT : -EUCLEAN;
	if (lmdb_get(txn, j->meta, span_of_text("id"), &value) < 0)
		return -EUCLEAN;
	j->id = number_in(value);
	return 0;
}

/* Where the kept records begin and end. */
static int load_range(struct journal *j, struct MDB_txn *txn)
{
	struct lmdb_cursor c;
	int r = lmdb_cursor_open(txn, j->records, &c);

	if (r < 0)
		return r;
	j->first = j->next = 1;
	r = lmdb_cursor_first(&c);
	if (r == 0) {
		j->first = number_in(c.key);
		r = lmdb_cursor_last(&c);
	}
	if (r == 0) {
		j->next = number_in(c.key) + 1;
		r = j->first == 0 || j->first >= j->next ? -EUCLEAN : 0;
	}
	lmdb_cursor_close(&c);
	if (r < 0 && r != -ENOENT)
		return r;
	return lmdb_table_bytes(txn, j->records, &j->bytes);
}

static struct journal_reader *reader_named(struct journal *j, struct span name)
{
	for (size_t i = 0; i < j->reader_count; i++) {
		if (span_equal_text(name, j->readers[i].name))
			return &j->readers[i];
	}
	return NULL;
}

/* A place that no output of the configuration owns would hold the journal for ever. */
static int drop_strange_cursors(struct journal *j, struct MDB_txn *txn)
{
	struct lmdb_cursor c;
	int r = lmdb_cursor_open(txn, j->cursors, &c);

	for (r = r < 0 ? r : lmdb_cursor_first(&c); r == 0; r = lmdb_cursor_next(&c)) {
		if (reader_named(j, c.key) != NULL)
			continue;
		log_notice("journal: output \"%.*s\" is no longer configured: its place, %" PRIu64
			   " records behind, is given up",
				SPAN_ARGS(c.key), j->next - 1 - number_in(c.value));
		if ((r = lmdb_cursor_delete(&c)) < 0)
			break;
	}
	lmdb_cursor_close(&c);
	return r == -ENOENT ? 0 : r;
}

static int load_cursors(struct journal *j, struct MDB_txn *txn)
{
	int result = drop_strange_cursors(j, txn);

	for (size_t i = 0; result == 0 && i < j->reader_count; i++) {
		struct journal_reader *r = &j->readers[i];
		struct span key = span_of_text(r->name), value;
		uint8_t number[KEY_SIZE];

		r->durable = j->next - 1; /* a new output begins with what comes from now on */
		result = lmdb_get(txn, j->cursors, key, &value);
		if (result == 0)
			r->durable = number_in(value);
		else if (result == -ENOENT)
			result = lmdb_put(txn, j->cursors, key, key_of(r->durable, number));
		if (r->durable >= j->next)
			return -EUCLEAN;
		if (r->durable + 1 < j->first)
			r->durable = j->first - 1;
		r->confirmed = r->durable;
	}
	return result;
}

static void note_room(struct journal *j)
{
	j->has_room = j->bytes < j->max_bytes;
	j->has_room_again = j->bytes < j->max_bytes - j->max_bytes / 10;
}

static int load(struct MDB_txn *txn, void *owner)
{
	struct journal *j = owner;
	int r = load_meta(j, txn);

	if (r == 0)
		r = load_range(j, txn);
	if (r == 0)
		r = load_cursors(j, txn);
	j->head = j->next - 1;
	note_room(j);
	return r;
}

static int open_environment(struct journal *j)
{
	struct lmdb_options options = {
		.map_size = MAP_START,
		.map_limit = MAP_START * 4 + j->max_bytes * 3,
		.tables = 3,
		.mode = 0600,
	};
	int r;

	if (mkdir(j->folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	r = lmdb_open(j->folder, &options, &j->db);
	if (r == 0)
		r = lmdb_table(j->db, "meta", &j->meta);
	if (r == 0)
		r = lmdb_table(j->db, "records", &j->records);
	if (r == 0)
		r = lmdb_table(j->db, "cursors", &j->cursors);
	if (r == 0)
		r = lmdb_update(j->db, load, j);
	if (r < 0) {
		lmdb_close(j->db);
		j->db = NULL;
	}
	return r;
}

static int set_aside(const struct journal *j)
{
	struct str name = { 0 };
	char time[WALL_TIME_TEXT];
	int r;

	str_printf(&name, "%s.damaged-%s", j->folder, wall_time_format(wall_time_now(), time));
	r = rename(j->folder, str_text(&name)) < 0 ? -errno : 0;
	if (r == 0)
		log_error("journal %s: is damaged: set aside as %s, beginning a new one; what was "
			  "acknowledged and not yet delivered may be found there",
				j->folder, str_text(&name));
	else
		log_error_errno(r, "journal %s: is damaged and cannot be renamed", j->folder);
	str_finish(&name);
	return r;
}

static void create_readers(struct journal *j, const struct journal_options *options)
{
	j->reader_count = options->output_count;
	j->readers = xcalloc(j->reader_count + 1, sizeof(*j->readers));
	for (size_t i = 0; i < j->reader_count; i++) {
		struct journal_reader *r = &j->readers[i];

		r->journal = j;
		r->name = xstrdup(options->outputs[i]);
		r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
}

int journal_open(const struct journal_options *options, struct journal **ret)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	int r;

	j->folder = xstrdup(options->folder);
	j->max_bytes = options->max_bytes;
	pthread_mutex_init(&j->lock, NULL);
	create_readers(j, options);
	r = open_environment(j);
	if (r == -EUCLEAN && set_aside(j) == 0)
		r = open_environment(j);
	if (r == -EPROTONOSUPPORT)
		log_error("journal %s: was written by a newer belfry: run that one, or move the "
			  "folder away to begin a new journal",
				j->folder);
	else if (r < 0)
		log_error_errno(r, "journal %s: cannot be opened", j->folder);
	if (r < 0) {
		journal_close(j);
		return r;
	}
	*ret = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->db != NULL)
		journal_maintain(j);
	lmdb_close(j->db);
	for (size_t i = 0; i < j->reader_count; i++) {
		close(j->readers[i].wake_fd);
		free(j->readers[i].name);
	}
	pthread_mutex_destroy(&j->lock);
	free(j->readers);
	free(j->folder);
	free(j);
}

uint64_t journal_id(const struct journal *j)
{
	return j->id;
}

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
		uint8_t key[KEY_SIZE], *value;
		int r = lmdb_append(txn, j->records, key_of(j->next + i, key), size, &value);

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
		if (number_in(at.key) > c->trim_to)
			break;
		c->first = number_in(at.key) + 1;
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
		uint8_t number[KEY_SIZE];

		if (c->places[i] != j->readers[i].durable)
			result = lmdb_put(txn, j->cursors, span_of_text(j->readers[i].name),
					key_of(c->places[i], number));
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

/* The last sequence that every reader has confirmed, but for the last record, which stays. */
static uint64_t slowest(struct journal *j)
{
	uint64_t place = j->next > 1 ? j->next - 2 : 0;

	for (size_t i = 0; i < j->reader_count; i++)
		place = j->readers[i].confirmed < place ? j->readers[i].confirmed : place;
	return place;
}

/* With the lock held. */
static int commit(struct journal *j, const struct record_batch *batch, size_t trim_most)
{
	struct commit *c = xcalloc(1, sizeof(*c) + j->reader_count * sizeof(c->places[0]));
	int r;

	c->journal = j;
	c->batch = batch;
	c->trim_most = trim_most;
	c->trim_to = slowest(j);
	for (size_t i = 0; i < j->reader_count; i++)
		c->places[i] = j->readers[i].confirmed;
	r = lmdb_update(j->db, write_commit, c);
	if (r == 0) {
		j->next += batch != NULL ? batch->count : 0;
		j->first = c->first;
		j->bytes = c->bytes;
		j->head = j->next - 1;
		note_room(j);
		for (size_t i = 0; trim_most > 0 && i < j->reader_count; i++)
			j->readers[i].durable = c->places[i];
	}
	free(c);
	return r;
}

int journal_append(struct journal *j, const struct record_batch *batch)
{
	bool trim_too;
	int r;

	if (batch->count == 0)
		return 0;
	pthread_mutex_lock(&j->lock);
	trim_too = slowest(j) + 1 >= j->first + TRIM_BATCH;
	r = commit(j, batch, trim_too ? TRIM_BATCH + batch->count : 0);
	pthread_mutex_unlock(&j->lock);
	for (size_t i = 0; r == 0 && i < j->reader_count; i++)
		journal_reader_wake(&j->readers[i]);
	return r;
}

bool journal_maintain(struct journal *j)
{
	bool stale = false, more = false;
	int r = 0;

	pthread_mutex_lock(&j->lock);
	for (size_t i = 0; i < j->reader_count; i++)
		stale |= j->readers[i].durable != j->readers[i].confirmed;
	if (stale || j->first <= slowest(j))
		r = commit(j, NULL, TRIM_IDLE);
	more = r == 0 && j->first <= slowest(j);
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

/* --- reading ------------------------------------------------------------------------------ */

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

static int read_from(struct journal *j, struct lmdb_cursor *c, uint64_t *after,
		bool (*each)(void *, const struct record *), void *owner)
{
	uint8_t key[KEY_SIZE];
	int r = lmdb_cursor_seek(c, key_of(*after + 1, key));

	for (; r == 0; r = lmdb_cursor_next(c)) {
		struct record record;

		record.sequence = number_in(c->key);
		*after = record.sequence;
		if (!record_decode(c->value, &record))
			log_error("journal %s: record %" PRIu64 " is damaged and left out",
					j->folder, record.sequence);
		else if (!each(owner, &record))
			break;
	}
	return r == -ENOENT ? 0 : r;
}

int journal_reader_read(struct journal_reader *r, uint64_t *after,
		bool (*each)(void *owner, const struct record *record), void *owner)
{
	struct journal *j = r->journal;
	struct lmdb_cursor c;
	struct MDB_txn *txn;
	int result;

	if (*after >= j->head)
		return 0;
	if ((result = lmdb_read_begin(j->db, &txn)) < 0)
		return result;
	result = lmdb_cursor_open(txn, j->records, &c);
	if (result == 0) {
		result = read_from(j, &c, after, each, owner);
		lmdb_cursor_close(&c);
	}
	lmdb_read_end(j->db, txn);
	return result;
}
