/* SPDX-License-Identifier: MIT */
/*
 * The store's promises: what was told to be finished is there, whatever fails and whenever the
 * process ends.
 */
#include "tests/unit/broker/store/fixture.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "broker/store/environment.h"

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

/* Batch 1: two messages for the session "c", one of them retained, and what batch 2 changes. */
static void fill_first(struct batch *b)
{
	put_session(b, 1, "c");
	put_session(b, 2, "goes");
	put_text(b, "t/1", "1", true);
	put_text(b, "t/2", "2", false);
	put_delivery(b, (struct batch_delivery){ .session = 1, .message = 1, .qos = 1 });
	put_delivery(b, (struct batch_delivery){ .session = 1, .message = 2, .qos = 1 });
}

/* Something of everything. */
static void fill_second(struct batch *b)
{
	uint8_t at[STORE_KEY_SIZE];

	put_text(b, "t/3", "3", true);
	put_delivery(b, (struct batch_delivery){ .session = 1, .message = 3, .qos = 1 });
	put_change(b, (struct batch_change){ .delivery = 1,
				      .packet_id = 9,
				      .qos = 1,
				      .state = INFLIGHT_WAIT_PUBACK });
	put_number(&b->unretained, 1);
	put_number(&b->over_deliveries, 2);
	put_number(&b->over_messages, 2);
	put_session(b, 3, "comes");
	store_log_removal(&b->records, STORE_SESSIONS, store_key(at, 2));
}

static void assert_first(struct fixture *f)
{
	assert_int_equal(f->found.lost, 0);
	assert_int_equal(f->found.sessions, 2);
	assert_int_equal(f->found.messages, 2);
	assert_int_equal(f->found.retained, 1);
	assert_int_equal(f->found.deliveries, 2);
	assert_non_null(session_named(f, "goes"));
	assert_int_equal(session_named(f, "c")->outbox.count, 2);
}

static void assert_second(struct fixture *f)
{
	assert_int_equal(f->found.lost, 0);
	assert_int_equal(f->found.sessions, 2);
	assert_int_equal(f->found.messages, 2);
	assert_int_equal(f->found.retained, 1);
	assert_int_equal(f->found.deliveries, 2);
	assert_non_null(session_named(f, "comes"));
	assert_int_equal(session_named(f, "c")->outbox.count, 1);
	assert_int_equal(session_named(f, "c")->inflight.count, 1);
}

static void commit_first(struct fixture *f)
{
	open_store(f);
	fill_first(&f->batch);
	commit_batch(f);
}

/* --- one process ----------------------------------------------------------------------------- */

static mode_t mode_of(const struct fixture *f, const char *name)
{
	char path[128];
	struct stat info;

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	assert_int_equal(stat(path, &info), 0);
	return info.st_mode & 07777;
}

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

static int put_anything(struct MDB_txn *txn, void *owner)
{
	struct environment *e = owner;
	struct span key = SPAN("key"), value = SPAN("value");

	return lmdb_put(txn, e->tables[STORE_META], key, value);
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

/* --- the end of the process ------------------------------------------------------------------ */

/* A child commits the first batch and is killed at a step of the second. */
static void die_at(struct fixture *f, const char *step)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		commit_first(f);
		fill_second(&f->batch);
		f->exit_at = step;
		commit_batch(f);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_process_that_ends_at_any_step_leaves_the_last_batch_whole(void **state)
{
	static const char *const steps[] = { "begin", "message", "delivery", "record", "remove",
		"commit" };

	(void)state;
	for (size_t i = 0; i < array_size(steps); i++) {
		struct fixture *f;

		setup((void **)&f);
		die_at(f, steps[i]);
		open_store(f);
		load_store(f);
		assert_first(f);
		/* And goes on. */
		f->batch.first_message = f->batch.first_delivery = 3;
		fill_second(&f->batch);
		commit_batch(f);
		reopen_and_load(f);
		assert_second(f);
		teardown((void **)&f);
	}
}

enum { WINDOW = 5 };

/* Message n and its delivery come, the one of WINDOW batches before goes. */
static void fill_round(struct batch *b, uint64_t n)
{
	char payload[300];

	snprintf(payload, sizeof(payload), "%-299" PRIu64, n);
	if (n == 1)
		put_session(b, 1, "c");
	put_text(b, "t", payload, false);
	put_delivery(b, (struct batch_delivery){ .session = 1, .message = n, .qos = 1 });
	if (n > WINDOW) {
		put_number(&b->over_deliveries, n - WINDOW);
		put_number(&b->over_messages, n - WINDOW);
	}
}

static void commit_until_killed(struct fixture *f, int tell_fd)
{
	open_store(f);
	for (uint64_t n = f->batch.first_message;; n++) {
		fill_round(&f->batch, n);
		commit_batch(f);
		if (write(tell_fd, &n, sizeof(n)) < 0)
			_exit(1);
	}
}

/* Returns the last batch that was told to be finished. */
static uint64_t kill_after(struct fixture *f, unsigned batches)
{
	uint64_t n = 0, last = 0;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		commit_until_killed(f, ends[1]);
	}
	close(ends[1]);
	for (unsigned i = 0; i < batches; i++) {
		assert_int_equal(read(ends[0], &n, sizeof(n)), sizeof(n));
		last = n;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (read(ends[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	close(ends[0]);
	return last;
}

static void a_process_that_is_killed_leaves_what_it_told_or_one_batch_more(void **state)
{
	struct fixture *f = *state;
	struct dice dice = { 1 };

	for (unsigned round = 0; round < 20; round++) {
		uint64_t told = kill_after(f, 1 + dice_roll(&dice, 30)), last;
		struct session *s;

		open_store(f);
		load_store(f);
		assert_int_equal(f->found.lost, 0);
		s = session_named(f, "c");
		assert_int_equal(f->found.deliveries, f->found.messages);
		assert_int_equal(s->outbox.count, f->found.deliveries);
		last = strtoull((const char *)message_payload(
						outbox_at(&s->outbox, s->outbox.count - 1)->message)
						.data,
				NULL, 10);
		assert_true(last == told || last == told + 1);
		assert_int_equal(s->outbox.count, last < WINDOW ? last : WINDOW);
		close_store(f);
		f->batch.first_message = f->batch.first_delivery = last + 1;
	}
}

/* --- room ------------------------------------------------------------------------------------ */

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
		cmocka_unit_test(a_process_that_ends_at_any_step_leaves_the_last_batch_whole),
		TEST(a_process_that_is_killed_leaves_what_it_told_or_one_batch_more),
		TEST(a_full_store_says_so_and_writes_what_was_taken_over),
		TEST(a_file_that_is_mostly_free_gives_its_space_back),
		TEST(space_that_cannot_be_given_back_does_no_harm),
		TEST(another_process_may_read_while_space_is_given_back),
		TEST(space_is_not_given_back_while_another_process_opens_the_store),
		TEST(half_a_copy_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
