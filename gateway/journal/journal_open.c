/* SPDX-License-Identifier: MIT */
/*
 * The journal's opening: what is found on disk, whether it makes sense, and what happens if not.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "common/folder.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "gateway/journal/journal_impl.h"

enum {
	LAYOUT = 3,
	OLDEST_LAYOUT = 2, /* that is read; its records stay as they are */
	MAP_START = 64 * 1024 * 1024,
};

/* An earlier belfry is not to take for damaged what it cannot read. */
static int put_layout(struct journal *j, struct MDB_txn *txn)
{
	uint8_t layout[4] = { 0, 0, 0, LAYOUT };

	return lmdb_put(txn, j->meta, span_of_text("layout"), span_of(layout, sizeof(layout)));
}

static int create_meta(struct journal *j, struct MDB_txn *txn)
{
	uint8_t id[JOURNAL_KEY];
	int r = put_layout(j, txn);

	j->id = hash_seed();
	if (r == 0)
		r = lmdb_put(txn, j->meta, span_of_text("id"), journal_key(j->id, id));
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
	if (layout < OLDEST_LAYOUT || layout > LAYOUT || reader_failed(&r))
		return layout == 1 ? -ENOEXEC : layout > LAYOUT ? -EPROTONOSUPPORT : -EUCLEAN;
	if (layout < LAYOUT && (result = put_layout(j, txn)) < 0)
		return result;
	if (lmdb_get(txn, j->meta, span_of_text("id"), &value) < 0)
		return -EUCLEAN;
	j->id = journal_number(value);
	j->state_at = j->has_state ? 0 : UINT64_MAX;
	if (j->has_state && lmdb_get(txn, j->meta, span_of_text("state"), &value) == 0)
		j->state_at = journal_number(value);
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
		j->first = journal_number(c.key);
		r = lmdb_cursor_last(&c);
	}
	if (r == 0) {
		j->next = journal_number(c.key) + 1;
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

/* A place that no output of the configuration owns would be found when its name comes again. */
static int drop_strange_cursors(struct MDB_txn *txn, void *owner)
{
	struct journal *j = owner;
	struct lmdb_cursor c;
	int r = lmdb_cursor_open(txn, j->cursors, &c);

	for (r = r < 0 ? r : lmdb_cursor_first(&c); r == 0; r = lmdb_cursor_next(&c)) {
		if (reader_named(j, c.key) != NULL)
			continue;
		log_notice("journal: output \"%.*s\" is no longer configured: its place, %" PRIu64
			   " records behind, is given up",
				SPAN_ARGS(c.key), j->next - 1 - journal_number(c.value));
		if ((r = lmdb_cursor_delete(&c)) < 0)
			break;
	}
	lmdb_cursor_close(&c);
	return r == -ENOENT ? 0 : r;
}

static int load_cursors(struct journal *j, struct MDB_txn *txn)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < j->reader_count; i++) {
		struct journal_reader *r = &j->readers[i];
		struct span key = span_of_text(r->name), value;
		uint8_t number[JOURNAL_KEY];

		r->durable = j->next - 1; /* a new output begins with what comes from now on */
		result = lmdb_get(txn, j->cursors, key, &value);
		if (result == 0)
			r->durable = journal_number(value);
		else if (result == -ENOENT)
			result = lmdb_put(txn, j->cursors, key, journal_key(r->durable, number));
		if (r->durable >= j->next)
			return -EUCLEAN;
		if (r->durable + 1 < j->first)
			r->durable = j->first - 1;
		r->confirmed = r->durable;
		r->held = UINT64_MAX;
	}
	return result;
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
	journal_note_room(j);
	return r;
}

/* That the files exist must survive a power cut as well. */
static int sync_folders(const struct journal *j)
{
	int r = folder_sync(j->folder);

	return r < 0 ? r : folder_sync_parent(j->folder);
}

static int open_environment(struct journal *j)
{
	struct lmdb_options options = {
		.map_size = MAP_START,
		.map_limit = MAP_START * 4 + j->max_bytes * 3,
		.tables = 4,
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
		r = lmdb_table(j->db, "state", &j->state);
	if (r == 0)
		r = lmdb_update(j->db, load, j);
	if (r == 0)
		r = sync_folders(j);
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
	j->keep = options->keep;
	j->has_state = options->has_state;
	pthread_mutex_init(&j->lock, NULL);
	create_readers(j, options);
	r = open_environment(j);
	if (r == -EUCLEAN && set_aside(j) == 0)
		r = open_environment(j);
	if (r == -EPROTONOSUPPORT)
		log_error("journal %s: was written by a newer belfry: run that one, or move the "
			  "folder away to begin a new journal",
				j->folder);
	else if (r == -ENOEXEC)
		log_error("journal %s: was written by an earlier belfry: run that one until it has "
			  "delivered what is in it, then move the folder away",
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

int journal_settle(struct journal *j)
{
	int r;

	pthread_mutex_lock(&j->lock);
	r = lmdb_update(j->db, drop_strange_cursors, j);
	if (r < 0)
		log_warn_errno(r, "journal %s: the places of other outputs cannot be removed",
				j->folder);
	j->is_settled = true;
	pthread_mutex_unlock(&j->lock);
	return r;
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
