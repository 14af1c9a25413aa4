/* SPDX-License-Identifier: MIT */
#include "common/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

static void folders_and_those_above_them_are_synced(void **state)
{
	char folder[] = "/tmp/belfry-folder-XXXXXX";
	char below[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(below, sizeof(below), "%s/below", folder);
	assert_int_equal(mkdir(below, 0700), 0);
	assert_int_equal(folder_sync(folder), 0);
	assert_int_equal(folder_sync(below), 0);
	assert_int_equal(folder_sync_parent(below), 0);
	assert_int_equal(rmdir(below), 0);
	assert_int_equal(folder_sync(below), -ENOENT);
	assert_int_equal(folder_sync_parent(below), -ENOENT);
	assert_int_equal(rmdir(folder), 0);
}

static void what_is_no_folder_is_refused(void **state)
{
	(void)state;
	assert_int_equal(folder_sync("/dev/null"), -ENOTDIR);
	assert_int_equal(folder_sync_parent("/dev/null"), -ENOTDIR);
}

/* Cut short it would be the name of another folder. */
static void a_path_that_is_too_long_is_refused(void **state)
{
	AUTO_FREE char *path = xcalloc(1, PATH_MAX);

	(void)state;
	memset(path, '/', PATH_MAX - 1);
	assert_int_equal(folder_sync_parent(path), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders_and_those_above_them_are_synced),
		cmocka_unit_test(what_is_no_folder_is_refused),
		cmocka_unit_test(a_path_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
