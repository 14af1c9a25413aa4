/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/wait.h>

#include "common/hash.h"
#include "common/lmdb.h"
#include "common/mem.h"
#include "common/wire.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/progress.h"

struct fixture {
	char root[64];
	char folder[96];
	const char *outputs[2];
	struct journal_options options;
	struct journal *journal;
	uint64_t expected; /* sequence that the next record read must have */
	size_t stop_after;
	size_t seen;
	void (*committed)(void *owner); /* of append() */
};

static void open_it(struct fixture *f)
{
	assert_int_equal(journal_open(&f->options, &f->journal), 0);
	assert_int_equal(journal_settle(f->journal), 0);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->root, "/tmp/belfry-journal-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->folder, sizeof(f->folder), "%s/journal", f->root);
	f->outputs[0] = "fast";
	f->outputs[1] = "slow";
	f->options = (struct journal_options){
		.folder = f->folder, .max_bytes = 4 << 20, .outputs = f->outputs, .output_count = 2
	};
	open_it(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	journal_close(f->journal);
	snprintf(command, sizeof(command), "rm -r %s", f->root);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static int append(struct fixture *f, size_t count, size_t size)
{
	struct record_batch batch = { 0 };
	uint64_t next = journal_status(f->journal).head + 1;
	uint8_t *payload = xcalloc(1, size + 8);
	int r;

	for (size_t i = 0; i < count; i++) {
		char topic[32];
		struct record record = {
			.kind = RECORD_MESSAGE,
			.payload = { payload, size },
			.retain = i % 2 == 1,
			.source = 3,
		};

		snprintf(topic, sizeof(topic), "nagios/h/%" PRIu64, next + i);
		record.topic = span_of_text(topic);
		record.received.ns = (int64_t)(next + i) * 1000;
		record_batch_add(&batch, &record);
	}
	r = journal_append(f->journal, &batch, f->committed, f);
	record_batch_finish(&batch);
	free(payload);
	return r;
}

static bool check_record(void *owner, const struct record *record)
{
	struct fixture *f = owner;
	char topic[32];

	snprintf(topic, sizeof(topic), "nagios/h/%" PRIu64, record->sequence);
	assert_int_equal(record->sequence, f->expected);
	assert_true(span_equal_text(record->topic, topic));
	assert_int_equal(record->received.ns, (int64_t)record->sequence * 1000);
	assert_int_equal(record->source, 3);
	f->expected++;
	f->seen++;
	return f->seen != f->stop_after;
}

/* Read all behind `after`; returns how many there were. */
static size_t read_behind(struct fixture *f, size_t reader, uint64_t after)
{
	f->expected = after + 1;
	f->seen = 0;
	assert_int_equal(journal_reader_read(journal_reader_at(f->journal, reader), &after,
					 check_record, f),
			0);
	assert_int_equal(after + 1, f->expected);
	return f->seen;
}

static void records_are_read_in_order_by_each_reader(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_behind(f, 0, 0), 0);
	assert_int_equal(append(f, 10, 100), 0);
	assert_int_equal(append(f, 5, 0), 0);
	assert_int_equal(append(f, 3, 20000), 0);
	assert_int_equal(read_behind(f, 0, 0), 18);
	assert_int_equal(read_behind(f, 1, 12), 6);
	f->stop_after = 4;
	assert_int_equal(read_behind(f, 0, 0), 4);
}

static bool is_readable(struct fixture *f, size_t reader)
{
	struct pollfd p = { journal_reader_fd(journal_reader_at(f->journal, reader)), POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static void an_append_wakes_every_reader(void **state)
{
	struct fixture *f = *state;

	assert_false(is_readable(f, 0));
	append(f, 1, 1);
	assert_true(is_readable(f, 0));
	assert_true(is_readable(f, 1));
	journal_reader_rest(journal_reader_at(f->journal, 0));
	assert_false(is_readable(f, 0));
}

static void places_survive_and_are_separate(void **state)
{
	struct fixture *f = *state;
	uint64_t id = journal_id(f->journal);

	append(f, 20, 10);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 15);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 7);
	journal_close(f->journal);
	open_it(f);
	assert_int_equal(journal_id(f->journal), id);
	assert_int_equal(journal_reader_confirmed(journal_reader_at(f->journal, 0)), 15);
	assert_int_equal(journal_reader_confirmed(journal_reader_at(f->journal, 1)), 7);
	assert_int_equal(journal_status(f->journal).first, 8);
	assert_int_equal(read_behind(f, 1, 7), 13);
}

static void what_all_have_confirmed_is_trimmed_but_the_last(void **state)
{
	struct fixture *f = *state;

	append(f, 1000, 500);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 1000);
	assert_false(journal_maintain(f->journal));
	assert_int_equal(journal_status(f->journal).first, 1);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 1000);
	assert_false(journal_maintain(f->journal));
	assert_int_equal(journal_status(f->journal).first, 1000);
	assert_true(journal_status(f->journal).bytes < 20000);
	journal_close(f->journal);
	open_it(f);
	append(f, 1, 1);
	assert_int_equal(journal_status(f->journal).head, 1001);
	assert_int_equal(read_behind(f, 0, 1000), 1);
}

static void what_is_held_stays_though_it_is_confirmed(void **state)
{
	struct fixture *f = *state;

	append(f, 1000, 500);
	journal_reader_hold(journal_reader_at(f->journal, 1), 600);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 1000);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 900);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 601);
	journal_reader_hold(journal_reader_at(f->journal, 1), UINT64_MAX);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 901);
}

static void appends_trim_by_themselves_under_load(void **state)
{
	struct fixture *f = *state;

	for (uint64_t n = 1; n <= 100; n++) {
		append(f, 200, 300);
		journal_reader_confirm(journal_reader_at(f->journal, 0), n * 200);
		journal_reader_confirm(journal_reader_at(f->journal, 1), n * 200);
		assert_true(journal_has_room(f->journal));
	}
	assert_true(journal_status(f->journal).first > 10000);
}

static void a_full_journal_has_no_room_until_it_was_trimmed(void **state)
{
	struct fixture *f = *state;
	uint64_t head;

	while (journal_has_room(f->journal))
		assert_int_equal(append(f, 100, 1000), 0);
	assert_true(journal_status(f->journal).bytes >= f->options.max_bytes);
	assert_true(journal_status(f->journal).bytes < f->options.max_bytes * 5 / 4);
	head = journal_status(f->journal).head;
	journal_close(f->journal);
	open_it(f);
	assert_false(journal_has_room(f->journal));
	journal_reader_confirm(journal_reader_at(f->journal, 0), head);
	journal_reader_confirm(journal_reader_at(f->journal, 1), head / 2);
	while (journal_maintain(f->journal))
		;
	assert_true(journal_has_room(f->journal));
	assert_int_equal(read_behind(f, 1, head / 2), head - head / 2);
}

static void a_process_that_dies_loses_nothing_it_committed(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child;

	journal_close(f->journal);
	f->journal = NULL;
	child = fork();
	if (child == 0) {
		if (journal_open(&f->options, &f->journal) != 0)
			_exit(1);
		for (int i = 0; i < 50; i++)
			append(f, 10, 100);
		journal_reader_confirm(journal_reader_at(f->journal, 0), 99);
		journal_maintain(f->journal);
		append(f, 10, 100);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	open_it(f);
	assert_int_equal(journal_status(f->journal).head, 510);
	assert_int_equal(journal_reader_confirmed(journal_reader_at(f->journal, 0)), 99);
	assert_int_equal(read_behind(f, 1, 0), 510);
}

static void a_removed_output_does_not_hold_the_journal(void **state)
{
	struct fixture *f = *state;

	append(f, 10, 10);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 10);
	journal_close(f->journal);
	f->options.output_count = 1;
	open_it(f);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 10);
	journal_close(f->journal);
	f->options.output_count = 2;
	open_it(f); /* it comes back, and begins with what comes from now on */
	assert_int_equal(journal_reader_confirmed(journal_reader_at(f->journal, 1)), 10);
}

/* A configuration that does not start gives way to the one before, with its outputs. */
static void who_does_not_settle_leaves_everything_as_it_was(void **state)
{
	static const char *const other[] = { "other" };
	struct fixture *f = *state;
	struct journal_options options = f->options;

	append(f, 10, 10);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 8);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 3);
	journal_close(f->journal);
	f->options.outputs = other;
	f->options.output_count = 1;
	assert_int_equal(journal_open(&f->options, &f->journal), 0);
	append(f, 5000, 10);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 5010);
	append(f, 1, 10);
	journal_maintain(f->journal);
	journal_close(f->journal);
	f->options = options;
	open_it(f);
	assert_int_equal(journal_reader_confirmed(journal_reader_at(f->journal, 0)), 8);
	assert_int_equal(journal_reader_confirmed(journal_reader_at(f->journal, 1)), 3);
	assert_int_equal(read_behind(f, 1, 3), 5008);
}

static size_t count_set_aside(const struct fixture *f)
{
	DIR *dir = opendir(f->root);
	struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(dir)) != NULL)
		n += strncmp(entry->d_name, "journal.damaged-", 16) == 0;
	closedir(dir);
	return n;
}

static void a_damaged_journal_is_set_aside(void **state)
{
	struct fixture *f = *state;
	uint64_t id = journal_id(f->journal);
	char path[128];

	append(f, 100, 1000);
	journal_close(f->journal);
	snprintf(path, sizeof(path), "%s/data.mdb", f->folder);
	assert_int_equal(truncate(path, 4096 * 4), 0);
	open_it(f);
	assert_int_equal(count_set_aside(f), 1);
	assert_true(journal_id(f->journal) != id);
	assert_int_equal(journal_status(f->journal).head, 0);
	assert_int_equal(append(f, 1, 1), 0);
}

struct layout {
	unsigned meta;
	uint8_t value[4];
};

static int put_layout(struct MDB_txn *txn, void *owner)
{
	const struct layout *l = owner;

	return lmdb_put(txn, l->meta, span_of_text("layout"), span_of(l->value, sizeof(l->value)));
}

static int get_layout(struct MDB_txn *txn, void *owner)
{
	struct layout *l = owner;
	struct span value;
	int r = lmdb_get(txn, l->meta, span_of_text("layout"), &value);

	if (r == 0)
		memcpy(l->value, value.data, sizeof(l->value));
	return r;
}

/* With the journal closed. */
static void do_layout(
		const struct fixture *f, int (*work)(struct MDB_txn *, void *), struct layout *l)
{
	struct lmdb_options options = {
		.map_size = 64 << 20, .map_limit = 1 << 30, .tables = 4, .mode = 0600
	};
	struct lmdb *db;

	assert_int_equal(lmdb_open(f->folder, &options, &db), 0);
	assert_int_equal(lmdb_table(db, "meta", &l->meta), 0);
	assert_int_equal(lmdb_update(db, work, l), 0);
	lmdb_close(db);
}

static void the_journal_of_the_belfry_before_is_taken_over(void **state)
{
	struct fixture *f = *state;
	uint64_t id = journal_id(f->journal);
	struct layout layout = { .value = { 0, 0, 0, 2 } };

	append(f, 3, 10);
	journal_close(f->journal);
	do_layout(f, put_layout, &layout);
	open_it(f);
	assert_true(journal_id(f->journal) == id);
	assert_int_equal(read_behind(f, 0, 0), 3);
	journal_close(f->journal);
	/* The belfry before sees that it is not its own any more. */
	do_layout(f, get_layout, &layout);
	assert_int_equal(layout.value[3], 3);
	open_it(f);
}

static void the_journal_of_another_belfry_is_left_alone(void **state)
{
	static const uint8_t layouts[] = { 1, 4 };
	struct fixture *f = *state;
	struct journal *other;

	journal_close(f->journal);
	f->journal = NULL;
	for (size_t i = 0; i < array_size(layouts); i++) {
		struct layout layout = { .value = { 0, 0, 0, layouts[i] } };

		do_layout(f, put_layout, &layout);
		assert_true(journal_open(&f->options, &other) < 0);
	}
	assert_int_equal(count_set_aside(f), 0);
}

static void what_is_confirmed_stays_for_a_while(void **state)
{
	struct fixture *f = *state;
	struct record_batch batch = { 0 };
	struct record record = { .kind = RECORD_MESSAGE, .topic = SPAN("t") };

	journal_close(f->journal);
	f->options.keep = seconds(3600);
	open_it(f);
	append(f, 100, 10); /* received in 1970 */
	for (int i = 0; i < 100; i++) {
		record.received = wall_time_now();
		record_batch_add(&batch, &record);
	}
	assert_int_equal(journal_append(f->journal, &batch, NULL, NULL), 0);
	record_batch_finish(&batch);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 200);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 200);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 101);
}

static void what_is_confirmed_gives_way_when_the_journal_is_half_full(void **state)
{
	struct fixture *f = *state;

	journal_close(f->journal);
	f->options.keep = seconds(4000000000);
	open_it(f);
	append(f, 1000, 1000);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 1000);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 1000);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 1);
	append(f, 2000, 1000);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 2500);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 2500);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 2501);
}

struct entries {
	char text[128];
};

static void note_entry(void *owner, struct span key, struct span value)
{
	struct entries *e = owner;
	size_t at = strlen(e->text);

	snprintf(e->text + at, sizeof(e->text) - at, "%.*s=%.*s ", SPAN_ARGS(key),
			SPAN_ARGS(value));
}

static void the_state_is_kept_with_the_records_behind_it(void **state)
{
	static const struct journal_change first[] = { { SPAN("a"), SPAN("1") },
		{ SPAN("b"), SPAN("2") } };
	static const struct journal_change second[] = { { SPAN("a"), SPAN("") },
		{ SPAN("c"), SPAN("3") }, { SPAN("never there"), SPAN("") } };
	struct fixture *f = *state;
	struct entries e = { "" };
	uint64_t sequence;

	journal_close(f->journal);
	f->options.has_state = true;
	open_it(f);
	append(f, 100, 10);
	journal_reader_confirm(journal_reader_at(f->journal, 0), 100);
	journal_reader_confirm(journal_reader_at(f->journal, 1), 100);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 1);
	assert_int_equal(journal_state_put(f->journal, 30, first, array_size(first)), 0);
	assert_int_equal(journal_state_put(f->journal, 60, second, array_size(second)), 0);
	journal_maintain(f->journal);
	assert_int_equal(journal_status(f->journal).first, 61);
	journal_close(f->journal);
	open_it(f);
	assert_int_equal(journal_state_each(f->journal, note_entry, &e, &sequence), 0);
	assert_int_equal(sequence, 60);
	assert_string_equal(e.text, "b=2 c=3 ");
}

static void a_time_is_found_in_the_sequence(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(journal_before(f->journal, (struct wall_time){ 1 }), 0);
	append(f, 50, 10); /* record N is received at N microseconds */
	for (int64_t n = 1; n <= 50; n++) {
		struct wall_time at = { n * 1000 }, later = { n * 1000 + 1 };

		assert_int_equal(journal_before(f->journal, at), n - 1);
		assert_int_equal(journal_before(f->journal, later), n);
	}
	assert_int_equal(journal_before(f->journal, (struct wall_time){ INT64_MAX }), 50);
	assert_int_equal(journal_before(f->journal, (struct wall_time){ 0 }), 0);
}

static void notes_are_kept(void **state)
{
	struct fixture *f = *state;
	struct str text = { 0 };

	journal_note_get(f->journal, "n", &text);
	assert_int_equal(text.len, 0);
	assert_int_equal(journal_note_put(f->journal, "n", span_of_text("a/#\nb")), 0);
	journal_close(f->journal);
	open_it(f);
	journal_note_get(f->journal, "n", &text);
	assert_string_equal(str_text(&text), "a/#\nb");
	str_finish(&text);
}

static void progress_is_believed_only_of_the_same_journal(void **state)
{
	struct fixture *f = *state;
	struct progress p = { .confirmed = 5,
		.issued_first = 6,
		.issued_last = 9,
		.place = 77,
		.is_named = true,
		.held = 3,
		.peer = 4 },
			back = { 0 };
	struct progress_file *file;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/p", f->root);
	assert_int_equal(progress_open(path, 42, &file), 0);
	assert_false(progress_load(file, &back));
	assert_int_equal(progress_store(file, &p), 0);
	progress_close(file);
	assert_int_equal(progress_open(path, 42, &file), 0);
	assert_true(progress_load(file, &back));
	assert_int_equal(back.confirmed, 5);
	assert_int_equal(back.issued_first, 6);
	assert_int_equal(back.issued_last, 9);
	assert_int_equal(back.place, 77);
	assert_int_equal(back.held, 3);
	assert_int_equal(back.peer, 4);
	progress_close(file);
	assert_int_equal(progress_open(path, 43, &file), 0);
	assert_false(progress_load(file, &back));
	progress_close(file);
	assert_int_equal(back.peer, 0);
	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, 60), 1);
	close(fd);
	assert_int_equal(progress_open(path, 42, &file), 0);
	assert_false(progress_load(file, &back));
	assert_int_equal(back.peer, 0);
	progress_close(file);
}

/* Give the file another boot, and the checksum that belongs to it. */
static void change_boot(const char *path)
{
	uint8_t bytes[128];
	struct writer w;
	int fd = open(path, O_RDWR);
	ssize_t size = read(fd, bytes, sizeof(bytes));

	assert_true(size > 48);
	bytes[8] ^= 1;
	w = writer_of(bytes + size - 4, 4);
	write_u32(&w, hash_span(0, span_of(bytes, (size_t)size - 4)));
	assert_int_equal(pwrite(fd, bytes, (size_t)size, 0), size);
	close(fd);
}

static void progress_of_an_earlier_boot_tells_what_may_be_forgotten(void **state)
{
	struct fixture *f = *state;
	struct progress p = { .confirmed = 5, .issued_last = 9, .held = 3, .peer = 4 };
	struct progress back = { 0 };
	struct progress_file *file;
	char path[128];

	snprintf(path, sizeof(path), "%s/p", f->root);
	assert_int_equal(progress_open(path, 42, &file), 0);
	assert_int_equal(progress_store(file, &p), 0);
	change_boot(path);
	assert_false(progress_load(file, &back));
	assert_int_equal(back.confirmed, 0);
	assert_int_equal(back.issued_last, 0);
	assert_int_equal(back.held, 3);
	assert_int_equal(back.peer, 4);
	progress_close(file);
}

/* On disk, and no reader has got them. */
static void look_before_the_readers(void *owner)
{
	struct fixture *f = owner;
	struct journal_reader *r = journal_reader_at(f->journal, 0);
	struct pollfd fd = { journal_reader_fd(r), POLLIN, 0 };
	uint64_t after = 0, all = 0;

	f->seen = 0;
	f->expected = 1;
	assert_int_equal(journal_scan(f->journal, &all, check_record, f), 0);
	assert_int_equal(f->seen, 2);
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(journal_reader_read(r, &after, check_record, f), 0);
	assert_int_equal(f->seen, 2);
	assert_int_equal(after, 0);
}

static void what_is_said_of_records_is_said_before_they_are_read(void **state)
{
	struct fixture *f = *state;

	f->committed = look_before_the_readers;
	assert_int_equal(append(f, 2, 10), 0);
	f->committed = NULL;
	assert_int_equal(read_behind(f, 0, 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(records_are_read_in_order_by_each_reader),
		TEST(an_append_wakes_every_reader),
		TEST(what_is_said_of_records_is_said_before_they_are_read),
		TEST(places_survive_and_are_separate),
		TEST(what_all_have_confirmed_is_trimmed_but_the_last),
		TEST(what_is_held_stays_though_it_is_confirmed),
		TEST(appends_trim_by_themselves_under_load),
		TEST(a_full_journal_has_no_room_until_it_was_trimmed),
		TEST(a_process_that_dies_loses_nothing_it_committed),
		TEST(a_removed_output_does_not_hold_the_journal),
		TEST(who_does_not_settle_leaves_everything_as_it_was),
		TEST(a_damaged_journal_is_set_aside),
		TEST(the_journal_of_the_belfry_before_is_taken_over),
		TEST(the_journal_of_another_belfry_is_left_alone),
		TEST(what_is_confirmed_stays_for_a_while),
		TEST(what_is_confirmed_gives_way_when_the_journal_is_half_full),
		TEST(the_state_is_kept_with_the_records_behind_it),
		TEST(a_time_is_found_in_the_sequence),
		TEST(notes_are_kept),
		TEST(progress_is_believed_only_of_the_same_journal),
		TEST(progress_of_an_earlier_boot_tells_what_may_be_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
