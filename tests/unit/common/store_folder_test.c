/* SPDX-License-Identifier: MIT */
#include "common/store_folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/folder.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

struct fixture {
	char parent[64];
	char folder[80], successor[80], aside[80];
};

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->parent, "/tmp/belfry-folder-XXXXXX");
	assert_non_null(mkdtemp(f->parent));
	snprintf(f->folder, sizeof(f->folder), "%s/a.store", f->parent);
	snprintf(f->successor, sizeof(f->successor), "%s/a.store.new", f->parent);
	snprintf(f->aside, sizeof(f->aside), "%s/a.store.damaged", f->parent);
	assert_int_equal(store_folder_make(f->folder), 0);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	store_folder_remove(f->folder, "foreign");
	store_folder_destroy(f->folder);
	store_folder_destroy(f->successor);
	store_folder_destroy(f->aside);
	assert_int_equal(rmdir(f->parent), 0);
	free(f);
	return 0;
}

static void touch(const char *folder, const char *name)
{
	int fd = store_folder_create(folder, name);

	assert_true(fd >= 0);
	close(fd);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void one_that_is_there_is_not_made(void **state)
{
	const struct fixture *f = *state;

	assert_int_equal(store_folder_make(f->folder), -EEXIST);
	assert_int_equal(store_folder_make("/proc/none/a.store"), -ENOENT);
}

static void no_umask_locks_its_owner_out(void **state)
{
	const struct fixture *f = *state;
	mode_t before = umask(0777);
	struct stat info;

	assert_int_equal(store_folder_make(f->successor), 0);
	umask(before);
	assert_int_equal(stat(f->successor, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
}

static void one_that_everybody_may_write_is_not_safe(void **state)
{
	const struct fixture *f = *state;

	assert_true(store_folder_is_safe(f->folder));
	assert_int_equal(chmod(f->folder, 0770), 0);
	assert_true(store_folder_is_safe(f->folder));
	assert_int_equal(chmod(f->folder, 0702), 0);
	assert_false(store_folder_is_safe(f->folder));
	assert_false(store_folder_is_safe(f->successor)); /* is not there */
}

static void who_has_it_alone_is_told_to_others(void **state)
{
	const struct fixture *f = *state;
	int fd, other;
	long holder;

	assert_int_equal(store_folder_lock(f->folder, true, &fd, &holder), 0);
	assert_int_equal(store_folder_lock(f->folder, true, &other, &holder), -EBUSY);
	assert_int_equal(holder, getpid());
	assert_int_equal(store_folder_lock(f->folder, false, &other, &holder), -EBUSY);
	close(fd);
	assert_int_equal(store_folder_lock(f->folder, true, &fd, &holder), 0);
	close(fd);
}

static void who_reads_shares_it(void **state)
{
	const struct fixture *f = *state;
	int first, second, third;
	long holder;

	assert_int_equal(store_folder_lock(f->folder, false, &first, &holder), -ENOENT);
	touch(f->folder, STORE_LOCK_FILE);
	assert_int_equal(store_folder_lock(f->folder, false, &first, &holder), 0);
	assert_int_equal(store_folder_lock(f->folder, false, &second, &holder), 0);
	assert_int_equal(store_folder_lock(f->folder, true, &third, &holder), -EBUSY);
	assert_int_equal(holder, 0);
	close(first);
	close(second);
}

static void a_lock_that_is_a_link_is_not_followed(void **state)
{
	const struct fixture *f = *state;
	char path[128];
	long holder;
	int fd;

	snprintf(path, sizeof(path), "%s/" STORE_LOCK_FILE, f->folder);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(store_folder_lock(f->folder, true, &fd, &holder), -ELOOP);
}

static void an_exchange_leaves_both(void **state)
{
	const struct fixture *f = *state;

	touch(f->folder, STORE_COPY_FILE);
	assert_int_equal(store_folder_make(f->successor), 0);
	touch(f->successor, STORE_FILE);
	assert_int_equal(store_folder_exchange(f->folder, f->successor, f->aside), 0);
	assert_int_equal(folder_sync(f->folder), 0);
	assert_false(exists(f->successor));
	assert_int_equal(store_folder_rename(f->folder, STORE_FILE, STORE_COPY_FILE), 0);
	assert_int_equal(store_folder_rename(f->aside, STORE_COPY_FILE, STORE_FILE), 0);
}

static void an_exchange_that_fails_changes_nothing(void **state)
{
	const struct fixture *f = *state;

	touch(f->folder, STORE_FILE);
	assert_int_equal(store_folder_exchange(f->folder, f->successor, f->aside), -ENOENT);
	assert_int_equal(store_folder_rename(f->folder, STORE_FILE, STORE_COPY_FILE), 0);
	assert_false(exists(f->aside));
}

static void what_is_not_a_stores_is_not_removed(void **state)
{
	const struct fixture *f = *state;

	touch(f->folder, STORE_FILE);
	touch(f->folder, STORE_READERS_FILE);
	touch(f->folder, STORE_COPY_FILE);
	touch(f->folder, STORE_LOCK_FILE);
	touch(f->folder, "foreign");
	store_folder_destroy(f->folder);
	assert_true(exists(f->folder));
	store_folder_remove(f->folder, "foreign");
	store_folder_destroy(f->folder);
	assert_false(exists(f->folder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(one_that_is_there_is_not_made),
		TEST(no_umask_locks_its_owner_out),
		TEST(one_that_everybody_may_write_is_not_safe),
		TEST(who_has_it_alone_is_told_to_others),
		TEST(who_reads_shares_it),
		TEST(a_lock_that_is_a_link_is_not_followed),
		TEST(an_exchange_leaves_both),
		TEST(an_exchange_that_fails_changes_nothing),
		TEST(what_is_not_a_stores_is_not_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
