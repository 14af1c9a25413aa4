/* SPDX-License-Identifier: MIT */
/*
 * A store that is damaged does not keep the broker from beginning, nor does it get lost.
 */
#include "tests/unit/broker/store/fixture.h"

#include <dirent.h>

#include "broker/store/environment.h"

static void fill(struct fixture *f, unsigned messages)
{
	char topic[32];

	open_store(f);
	put_session(&f->batch, 1, "c");
	for (unsigned i = 0; i < messages; i++) {
		snprintf(topic, sizeof(topic), "t/%u", i);
		put_text(&f->batch, topic, "a payload of some length", true);
		put_delivery(&f->batch, (struct batch_delivery){ .session = 1,
							.qos = 1,
							.message = f->batch.first_message + i });
	}
	commit_batch(f);
	close_store(f);
}

static void overwrite(struct fixture *f, off_t at, const char *text, size_t len)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/data.mdb", f->folder);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, text, len, at), len);
	close(fd);
}

static void cut(struct fixture *f, off_t len)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/data.mdb", f->folder);
	assert_int_equal(truncate(path, len), 0);
}

/* How many folders stand beside the store that have a name with `part` in it; one is remembered. */
static unsigned beside(const struct fixture *f, const char *part, char *ret_path, size_t size)
{
	DIR *dir = opendir(f->parent);
	struct dirent *entry;
	unsigned count = 0;

	while ((entry = readdir(dir)) != NULL) {
		if (strstr(entry->d_name, part) == NULL)
			continue;
		count++;
		snprintf(ret_path, size, "%s/%.100s", f->parent, entry->d_name);
	}
	closedir(dir);
	return count;
}

static void a_damaged_page_is_set_aside_and_the_rest_taken_over(void **state)
{
	struct fixture *f = *state;
	char aside[300], path[400];

	fill(f, 2000);
	overwrite(f, 40 * 4096, "xxxxxxxxxxxxxxxx", 16);
	open_store(f);
	load_store(f);
	assert_non_null(session_named(f, "c"));
	/* A page is a few dozen messages or deliveries. */
	assert_true(f->found.retained > 1500);
	assert_true(f->found.deliveries > 1500);
	assert_true(f->found.messages + f->found.deliveries < 4000);
	assert_int_equal(beside(f, ".damaged-", aside, sizeof(aside)), 1);
	snprintf(path, sizeof(path), "%s/data.mdb", aside);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(beside(f, ".new", path, sizeof(path)), 0);
	/* It goes on, and is whole. */
	f->batch.first_message = f->batch.first_delivery = 3000;
	put_text(&f->batch, "t/more", "more", true);
	commit_batch(f);
	reopen_and_load(f);
	assert_int_equal(f->found.lost, 0);
	assert_int_equal(beside(f, ".damaged-", aside, sizeof(aside)), 1);
}

static void a_rescued_store_is_locked(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child;

	fill(f, 10);
	cut(f, 3 * 4096);
	open_store(f);
	child = fork();
	if (child == 0)
		_exit(try_open(f) == -EBUSY ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void what_is_no_store_at_all_is_set_aside(void **state)
{
	static const char text[10000] = "this is not a database";
	struct fixture *f = *state;
	char aside[300];

	fill(f, 10);
	cut(f, 0);
	overwrite(f, 0, text, sizeof(text));
	open_store(f);
	load_store(f);
	assert_int_equal(f->found.sessions + f->found.messages, 0);
	assert_int_equal(beside(f, ".damaged-", aside, sizeof(aside)), 1);
}

/* A process that was killed before it wrote anything. */
static void an_empty_file_is_an_empty_store(void **state)
{
	struct fixture *f = *state;
	char aside[300];

	fill(f, 10);
	cut(f, 0);
	open_store(f);
	load_store(f);
	assert_int_equal(f->found.sessions, 0);
	assert_int_equal(beside(f, ".damaged-", aside, sizeof(aside)), 0);
}

static int remove_layout(struct MDB_txn *txn, void *owner)
{
	struct environment *e = owner;
	struct span key = SPAN(STORE_META_LAYOUT);

	return lmdb_delete(txn, e->tables[STORE_META], key);
}

/* Its pages are right: only what is in them tells. */
static void records_without_a_layout_are_taken_over(void **state)
{
	struct fixture *f = *state;
	struct environment e = { 0 };
	char aside[300];

	fill(f, 10);
	assert_int_equal(environment_open(&e, f->folder), 0);
	assert_int_equal(environment_update(&e, remove_layout, &e), 0);
	environment_close(&e);
	open_store(f);
	load_store(f);
	assert_int_equal(f->found.retained, 10);
	assert_int_equal(beside(f, ".damaged-", aside, sizeof(aside)), 1);
}

static void a_rescue_that_was_killed_is_begun_anew_or_ended(void **state)
{
	struct fixture *f = *state;
	char successor[128], aside[300];

	/* Before the names were changed: what it had written is of no use. */
	fill(f, 10);
	snprintf(successor, sizeof(successor), "%s.new", f->folder);
	assert_int_equal(mkdir(successor, 0700), 0);
	open_store(f);
	load_store(f);
	assert_int_equal(f->found.retained, 10);
	assert_int_equal(beside(f, ".new", aside, sizeof(aside)), 0);
	close_store(f);
	/* Between the two: all is there but the name. */
	assert_int_equal(rename(f->folder, successor), 0);
	open_store(f);
	load_store(f);
	assert_int_equal(f->found.retained, 10);
	assert_int_equal(beside(f, ".new", aside, sizeof(aside)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_damaged_page_is_set_aside_and_the_rest_taken_over),
		TEST(a_rescued_store_is_locked),
		TEST(what_is_no_store_at_all_is_set_aside),
		TEST(an_empty_file_is_an_empty_store),
		TEST(records_without_a_layout_are_taken_over),
		TEST(a_rescue_that_was_killed_is_begun_anew_or_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
