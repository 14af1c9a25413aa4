/* SPDX-License-Identifier: MIT */
/*
 * What a journal is found as: after a crash, of other outputs, damaged, of another layout.
 */
#include <dirent.h>
#include <sys/wait.h>

#include "common/lmdb.h"
#include "tests/unit/gateway/journal/journal_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_process_that_dies_loses_nothing_it_committed),
		TEST(a_removed_output_does_not_hold_the_journal),
		TEST(who_does_not_settle_leaves_everything_as_it_was),
		TEST(a_damaged_journal_is_set_aside),
		TEST(the_journal_of_the_belfry_before_is_taken_over),
		TEST(the_journal_of_another_belfry_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
