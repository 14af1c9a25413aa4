/* SPDX-License-Identifier: MIT */
/*
 * The store's promises: what was told to be finished is there, whatever fails. When the process
 * ends: store_end_test.c.
 */
#include "tests/unit/broker/store/two_batches.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/*
 * Stands in front of the C library's for LMDB too: a disk that says once, or for a while, that it
 * has not written what it was given.
 */
static _Atomic int fdatasync_fails;

int fdatasync(int fd)
{
	if (fdatasync_fails > 0) {
		fdatasync_fails--;
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

/* --- one process ----------------------------------------------------------------------------- */

static void folder_and_files_are_for_this_user_alone(void **state)
{
	struct fixture *f = *state;
	mode_t before = umask(0);

	open_store(f);
	umask(before);
	assert_int_equal(mode_of(f, "."), 0700);
	assert_int_equal(mode_of(f, "data.mdb"), 0600);
	assert_int_equal(mode_of(f, "lock.mdb"), 0600);
	assert_int_equal(mode_of(f, "broker.lock"), 0600);
}

static void an_umask_does_not_lock_the_store_away(void **state)
{
	struct fixture *f = *state;
	mode_t before = umask(0277);
	int r = try_open(f);

	umask(before);
	assert_int_equal(r, 0);
	assert_int_equal(mode_of(f, "."), 0700);
}

/* As it is when somebody was faster below /tmp. */
static void a_folder_that_others_may_write_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[128];

	assert_int_equal(mkdir(f->folder, 0700), 0);
	assert_int_equal(chmod(f->folder, 0777), 0);
	assert_int_equal(try_open(f), -EPERM);
	snprintf(path, sizeof(path), "%s/broker.lock", f->folder);
	assert_int_equal(access(path, F_OK), -1);
	if (geteuid() == 0) {
		assert_int_equal(chmod(f->folder, 0700), 0);
		assert_int_equal(chown(f->folder, 12345, 12345), 0);
		assert_int_equal(try_open(f), -EPERM);
		assert_int_equal(chown(f->folder, 0, 0), 0);
	}
	assert_int_equal(chmod(f->folder, 0755), 0);
	open_store(f);
}

static void a_second_process_is_refused(void **state)
{
	struct fixture *f = *state;
	char text[32] = "", path[128];
	int status, fd;
	pid_t child;

	open_store(f);
	snprintf(path, sizeof(path), "%s/broker.lock", f->folder);
	fd = open(path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_int_equal(strtol(text, NULL, 10), getpid());
	child = fork();
	if (child == 0) {
		struct store *held = f->store;

		f->store = NULL;
		_exit(try_open(f) == -EBUSY && held != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close_store(f);
	open_store(f);
}

static int put_layout(struct MDB_txn *txn, void *owner)
{
	struct environment *e = owner;
	struct span key = SPAN(STORE_META_LAYOUT);
	uint8_t value[STORED_META_SIZE];

	stored_meta_write(value, key, STORE_LAYOUT + 1);
	return lmdb_put(txn, e->tables[STORE_META], key, span_of(value, sizeof(value)));
}

static void a_newer_layout_is_refused_and_left_alone(void **state)
{
	struct fixture *f = *state;
	struct environment e = { 0 };

	commit_first(f);
	close_store(f);
	assert_int_equal(environment_open(&e, f->folder), 0);
	assert_int_equal(environment_update(&e, put_layout, &e), 0);
	environment_close(&e);
	assert_int_equal(try_open(f), -EPROTONOSUPPORT);
	assert_int_equal(try_open(f), -EPROTONOSUPPORT);
	assert_int_equal(mode_of(f, "data.mdb"), 0600);
}

static void a_folder_that_cannot_be_made_is_an_error(void **state)
{
	struct fixture *f = *state;

	snprintf(f->folder, sizeof(f->folder), "%s/no/where", f->parent);
	assert_int_equal(try_open(f), -ENOENT);
}

static void every_batch_is_counted_and_wakes_the_loop(void **state)
{
	struct fixture *f = *state;
	struct store_status status;

	commit_first(f);
	fill_second(&f->batch);
	commit_batch(f);
	status = store_status(f->store);
	assert_int_equal(status.commits, 2);
	assert_int_equal(status.failures, 0);
	assert_int_equal(status.error, 0);
	assert_int_equal(status.records_put, 6 + 5);
	assert_int_equal(status.records_removed, 3);
	assert_true(status.bytes_used > 0 && status.bytes_used <= status.bytes_file);
	assert_true(status.last_commit.ns > 0 && status.last_commit.ns <= status.longest_commit.ns);
	close_store(f);
	assert_int_equal(f->wakes, 2);
}

static void what_is_under_way_is_finished_before_the_end(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	fill_first(&f->batch);
	store_commit(f->store, &f->batch);
	close_store(f);
	open_store(f);
	load_store(f);
	assert_first(f);
}

/* --- failures -------------------------------------------------------------------------------- */

static void check_failing_step(struct fixture *f, const char *first, const char *second)
{
	commit_first(f);
	memset(f->plan, 0, sizeof(f->plan));
	f->plan[0] = first;
	f->plan[1] = second;
	f->failed = 0;
	f->error = -EIO;
	f->batch.number = 2;
	fill_second(&f->batch);
	commit_batch(f);
	assert_int_equal(f->failed, second != NULL ? 2 : 1);
	assert_int_equal(store_status(f->store).failures, f->failed);
	assert_int_equal(store_error(f->store), 0);
	assert_false(store_is_failing(f->store));
	reopen_and_load(f);
	assert_second(f);
}

static void a_step_that_fails_is_tried_again(void **state)
{
	static const char *const steps[] = { "begin", "message", "delivery", "record", "remove",
		"commit" };

	(void)state;
	for (size_t i = 0; i < array_size(steps); i++) {
		struct fixture *f;

		setup((void **)&f);
		check_failing_step(f, steps[i], i % 2 == 0 ? "reopen" : NULL);
		teardown((void **)&f);
	}
}

static void an_error_is_told_until_it_is_over(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	fill_first(&f->batch);
	for (unsigned i = 0; i < PLAN; i++)
		f->plan[i] = "commit";
	f->error = -EROFS;
	store_commit(f->store, &f->batch);
	store_wait(f->store, seconds(60));
	assert_true(store_status(f->store).failures > 0);
	finish_commit(f);
	assert_int_equal(store_status(f->store).failures, PLAN);
	assert_int_equal(store_error(f->store), 0);
	/* Of one error after the other one was told, and the success. */
	close_store(f);
	assert_int_equal(f->wakes, 2);
}

static void a_failing_batch_does_not_hold_up_the_end(void **state)
{
	struct fixture *f = *state;

	commit_first(f);
	fill_second(&f->batch);
	f->exit_at = NULL;
	fdatasync_fails = 1000000;
	store_commit(f->store, &f->batch);
	store_wait(f->store, seconds(60));
	assert_true(store_is_failing(f->store));
	assert_int_equal(store_error(f->store), -EIO);
	assert_null(store_finished(f->store));
	close_store(f);
	fdatasync_fails = 0;
	batch_clear(&f->batch);
	open_store(f);
	load_store(f);
	assert_first(f);
}

/* A disk that has lost pages once: they are written anew, and all of the batch is there. */
static void after_an_error_of_the_disk_the_whole_batch_is_written_anew(void **state)
{
	struct fixture *f = *state;

	commit_first(f);
	for (int fails = 1; fails <= 3; fails++) {
		put_text(&f->batch, "t", "again", false);
		put_delivery(&f->batch, (struct batch_delivery){ .session = 1,
							.qos = 1,
							.message = f->batch.first_message });
		fdatasync_fails = fails;
		commit_batch(f);
		assert_int_equal(fdatasync_fails, 0);
	}
	assert_int_equal(store_status(f->store).failures, 1 + 2 + 3);
	reopen_and_load(f);
	assert_int_equal(f->found.deliveries, 5);
	assert_int_equal(f->found.lost, 0);
}

/* As when the disk is full: the file cannot grow. */
static void when_the_file_cannot_grow_the_batch_waits_for_room(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, small;
	uint64_t file;
	char text[4001];

	signal(SIGXFSZ, SIG_IGN);
	commit_first(f);
	file = store_status(f->store).bytes_file;
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = (rlim_t)file + 100000;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		put_text(&f->batch, "t/large", text, false);
	setrlimit(RLIMIT_FSIZE, &small);
	store_commit(f->store, &f->batch);
	store_wait(f->store, seconds(60));
	assert_true(store_is_failing(f->store));
	setrlimit(RLIMIT_FSIZE, &limit);
	finish_commit(f);
	reopen_and_load(f);
	assert_int_equal(f->found.messages, 102);
	assert_int_equal(f->found.lost, 0);
}

/*
 * A commit that failed may be in the file all the same. What is found there that nobody vouched
 * for is not relied on: all of it is written again, into a new file.
 */
static void a_commit_that_was_not_told_is_written_anew(void **state)
{
	struct fixture *f = *state;
	struct environment e = { 0 };
	uint64_t vouched;
	char path[128];
	struct stat before, after;

	commit_first(f);
	close_store(f);
	snprintf(path, sizeof(path), "%s/data.mdb", f->folder);
	assert_int_equal(environment_open(&e, f->folder), 0);
	vouched = e.last_commit;
	assert_int_equal(environment_update(&e, put_anything, &e), 0);
	stat(path, &before);
	assert_int_equal(environment_reopen(&e), 0);
	stat(path, &after);
	assert_true(before.st_ino == after.st_ino);
	e.last_commit = vouched;
	assert_int_equal(environment_reopen(&e), 0);
	stat(path, &after);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(after.st_mode & 07777, 0600);
	environment_close(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(folder_and_files_are_for_this_user_alone),
		TEST(an_umask_does_not_lock_the_store_away),
		TEST(a_folder_that_others_may_write_is_refused),
		TEST(a_second_process_is_refused),
		TEST(a_newer_layout_is_refused_and_left_alone),
		TEST(a_folder_that_cannot_be_made_is_an_error),
		TEST(every_batch_is_counted_and_wakes_the_loop),
		TEST(what_is_under_way_is_finished_before_the_end),
		cmocka_unit_test(a_step_that_fails_is_tried_again),
		TEST(an_error_is_told_until_it_is_over),
		TEST(a_failing_batch_does_not_hold_up_the_end),
		TEST(after_an_error_of_the_disk_the_whole_batch_is_written_anew),
		TEST(when_the_file_cannot_grow_the_batch_waits_for_room),
		TEST(a_commit_that_was_not_told_is_written_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
