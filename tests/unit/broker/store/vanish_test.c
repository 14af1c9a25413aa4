/* SPDX-License-Identifier: MIT */
/*
 * The folder or the file of a store is taken away while it is in use: what goes into a file that
 * has no name any more, or one that nobody will look for, is not on disk.
 */
#include "tests/unit/broker/store/fixture.h"

static void name(const struct fixture *f, const char *suffix, char ret[128])
{
	snprintf(ret, 128, "%s%s", f->folder, suffix);
}

static void begin(struct fixture *f)
{
	open_store(f);
	put_session(&f->batch, 1, "first");
	commit_batch(f);
	next_batch(&f->batch);
	put_session(&f->batch, 2, "second");
}

static void expect_failing(struct fixture *f)
{
	store_commit(f->store, &f->batch);
	store_wait(f->store, seconds(60));
	while (store_status(f->store).failures < 3)
		store_wait(f->store, milliseconds(1));
	assert_null(store_finished(f->store));
	assert_int_equal(store_error(f->store), -ESTALE);
}

static void a_folder_that_is_moved_away_is_noticed_and_so_is_its_return(void **state)
{
	struct fixture *f = *state;
	char away[128];

	begin(f);
	name(f, ".away", away);
	assert_int_equal(rename(f->folder, away), 0);
	expect_failing(f);
	assert_int_equal(rename(away, f->folder), 0);
	finish_commit(f);
	assert_int_equal(store_error(f->store), 0);
	reopen_and_load(f);
	assert_int_equal(f->found.sessions, 2);
}

static void a_file_that_is_removed_is_not_made_anew(void **state)
{
	struct fixture *f = *state;
	char file[128];

	begin(f);
	name(f, "/data.mdb", file);
	assert_int_equal(unlink(file), 0);
	expect_failing(f);
	assert_int_equal(access(file, F_OK), -1);
	close_store(f);
}

static void another_store_in_its_place_is_not_taken_for_it(void **state)
{
	struct fixture *f = *state, *other;
	char away[128];

	begin(f);
	setup((void **)&other);
	open_store(other);
	close_store(other);
	name(f, ".away", away);
	assert_int_equal(rename(f->folder, away), 0);
	assert_int_equal(rename(other->folder, f->folder), 0);
	expect_failing(f);
	close_store(f);
	teardown((void **)&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				a_folder_that_is_moved_away_is_noticed_and_so_is_its_return, setup,
				teardown),
		cmocka_unit_test_setup_teardown(
				a_file_that_is_removed_is_not_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
				another_store_in_its_place_is_not_taken_for_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
