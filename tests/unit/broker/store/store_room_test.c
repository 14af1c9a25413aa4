/* SPDX-License-Identifier: MIT */
/*
 * How large the store may be and becomes, and what others may do while it becomes smaller.
 */
#include "tests/unit/broker/store/two_batches.h"

#include <sys/file.h>

static void fill_large(struct batch *b, unsigned count, size_t size)
{
	uint8_t *payload = xcalloc(1, size);
	char topic[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(topic, sizeof(topic), "t/%" PRIu64, b->first_message + i);
		put_message(b,
				message_create(span_of_text(topic), NULL, span_of(payload, size), 1,
						true, (struct instant){ 0 }),
				true);
	}
	free(payload);
}

static void a_full_store_says_so_and_writes_what_was_taken_over(void **state)
{
	struct fixture *f = *state;

	f->max_bytes = 1 << 20;
	open_store(f);
	assert_int_equal(store_status(f->store).bytes_max, 1 << 20);
	fill_large(&f->batch, 200, 10000);
	commit_batch(f);
	assert_int_equal(store_error(f->store), -ENOSPC);
	assert_false(store_is_failing(f->store));
	assert_int_equal(store_status(f->store).failures, 0);
	fill_large(&f->batch, 1, 10000);
	commit_batch(f);
	close_store(f);
	/* The next process knows it from the start. */
	open_store(f);
	assert_int_equal(store_error(f->store), -ENOSPC);
	for (uint64_t n = 1; n <= 150; n++)
		put_number(&f->batch.over_messages, n);
	commit_batch(f);
	assert_int_equal(store_error(f->store), 0);
	load_store(f);
	assert_int_equal(f->found.messages, 51);
}

static uint64_t file_size(const struct fixture *f)
{
	char path[128];
	struct stat info;

	snprintf(path, sizeof(path), "%s/data.mdb", f->folder);
	assert_int_equal(stat(path, &info), 0);
	return (uint64_t)info.st_size;
}

static void fill_and_empty(struct fixture *f)
{
	open_store(f);
	for (int i = 0; i < 8; i++) {
		fill_large(&f->batch, 100, 100000);
		commit_batch(f);
	}
	for (uint64_t n = 1; n <= 780; n++)
		put_number(&f->batch.over_messages, n);
	commit_batch(f);
}

static void a_file_that_is_mostly_free_gives_its_space_back(void **state)
{
	struct fixture *f = *state;

	fill_and_empty(f);
	/* It is done when the next batch is. */
	fill_large(&f->batch, 1, 100);
	commit_batch(f);
	assert_true(file_size(f) < 4 << 20);
	assert_int_equal(store_status(f->store).bytes_file, file_size(f));
	assert_int_equal(mode_of(f, "data.mdb"), 0600);
	reopen_and_load(f);
	assert_int_equal(f->found.retained, 21);
	assert_int_equal(f->found.lost, 0);
}

static void space_that_cannot_be_given_back_does_no_harm(void **state)
{
	struct fixture *f = *state;

	f->plan[0] = "compact";
	f->error = -ENOSPC;
	fill_and_empty(f);
	fill_large(&f->batch, 1, 100);
	commit_batch(f);
	assert_int_equal(f->failed, 1);
	assert_true(file_size(f) > 64 << 20);
	assert_int_equal(store_status(f->store).failures, 0);
	reopen_and_load(f);
	assert_int_equal(f->found.retained, 21);
}

/* As `belfry store backup` does: with the folder locked while it opens it, then at its leisure. */
static void read_until_told(struct fixture *f, int told_fd, int tell_fd)
{
	const struct lmdb_options options = {
		.map_size = 64 << 20, .map_limit = 1 << 30, .tables = STORE_TABLES, .mode = 0600
	};
	struct lmdb_cursor c;
	struct MDB_txn *txn;
	struct lmdb *db;
	unsigned table, count = 0;
	char byte = 0;
	bool good = lmdb_open(f->folder, &options, &db) == 0 &&
		    lmdb_table(db, "messages", &table) == 0 && lmdb_read_begin(db, &txn) == 0 &&
		    write(tell_fd, &byte, 1) == 1 && read(told_fd, &byte, 1) == 1 &&
		    lmdb_cursor_open(txn, table, &c) == 0;

	if (!good)
		_exit(1);
	for (int r = lmdb_cursor_first(&c); r == 0; r = lmdb_cursor_next(&c))
		count++;
	_exit(count == 2 ? 0 : 1);
}

/* Who reads has the state of his begin, in the old file; who writes has a new one. */
static void another_process_may_read_while_space_is_given_back(void **state)
{
	struct fixture *f = *state;
	int to_child[2], from_child[2], status;
	char byte = 0;
	pid_t child;

	open_store(f);
	put_text(&f->batch, "t/1", "1", true);
	put_text(&f->batch, "t/2", "2", true);
	commit_batch(f);
	close_store(f);
	assert_int_equal(pipe(to_child) + pipe(from_child), 0);
	child = fork();
	if (child == 0) {
		close(to_child[1]); /* that it ends when the parent does */
		read_until_told(f, to_child[0], from_child[1]);
	}
	assert_int_equal(read(from_child[0], &byte, 1), 1);
	fill_and_empty(f);
	fill_large(&f->batch, 1, 100);
	commit_batch(f);
	assert_true(file_size(f) < 4 << 20);
	reopen_and_load(f);
	assert_int_equal(f->found.retained, 23);
	assert_int_equal(f->found.lost, 0);
	assert_int_equal(write(to_child[1], &byte, 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		close(to_child[i]);
		close(from_child[i]);
	}
}

/* Nobody opens a file while it changes its name. */
static void space_is_not_given_back_while_another_process_opens_the_store(void **state)
{
	struct fixture *f = *state;
	struct environment e = { 0 };
	int folder;

	commit_first(f);
	close_store(f);
	assert_int_equal(environment_open(&e, f->folder), 0);
	folder = open(f->folder, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(folder, LOCK_SH), 0);
	assert_int_equal(environment_compact(&e), -EBUSY);
	close(folder);
	assert_int_equal(environment_compact(&e), 0);
	assert_int_equal(environment_update(&e, put_anything, &e), 0);
	environment_close(&e);
	open_store(f);
	load_store(f);
	assert_first(f);
}

/* Killed while it wrote a copy. */
static void half_a_copy_is_removed(void **state)
{
	struct fixture *f = *state;
	char path[128];
	int fd;

	commit_first(f);
	close_store(f);
	snprintf(path, sizeof(path), "%s/data.mdb.new", f->folder);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	open_store(f);
	assert_int_equal(access(path, F_OK), -1);
	load_store(f);
	assert_first(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_full_store_says_so_and_writes_what_was_taken_over),
		TEST(a_file_that_is_mostly_free_gives_its_space_back),
		TEST(space_that_cannot_be_given_back_does_no_harm),
		TEST(another_process_may_read_while_space_is_given_back),
		TEST(space_is_not_given_back_while_another_process_opens_the_store),
		TEST(half_a_copy_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
