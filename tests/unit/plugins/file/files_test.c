/* SPDX-License-Identifier: MIT */
#include "plugins/file/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

struct fixture {
	char folder[64];
	struct log_file_rules rules;
	struct files files;
};

static int begin(void **state)
{
	struct fixture *x = xcalloc(1, sizeof(*x));

	strcpy(x->folder, "/tmp/belfry-files-XXXXXX");
	assert_non_null(mkdtemp(x->folder));
	x->rules = (struct log_file_rules){
		.base_len = strlen(x->folder) + 1, .mode = 0640, .keep = 2, .sync = true
	};
	x->files.limit = 2;
	*state = x;
	return 0;
}

static int end(void **state)
{
	struct fixture *x = *state;
	char command[128];

	files_finish(&x->files);
	snprintf(command, sizeof(command), "rm -rf %s", x->folder);
	assert_int_equal(system(command), 0);
	free(x);
	return 0;
}

static void path_of(const struct fixture *x, const char *name, char ret[128])
{
	snprintf(ret, 128, "%s/%s", x->folder, name);
}

static struct file_entry *want(struct fixture *x, const char *name, const char *line)
{
	char path[128];
	struct file_entry *e;

	path_of(x, name, path);
	e = files_for(&x->files, span_of_text(path));
	if (e != NULL)
		str_append_text(&e->lines, line);
	return e;
}

static int append(struct fixture *x, const char *name, const char *line)
{
	struct file_entry *e = want(x, name, line);
	int error;

	files_append(&x->files, &x->rules);
	error = e->error;
	files_settle(&x->files);
	return error;
}

static void assert_holds(const struct fixture *x, const char *name, const char *expected)
{
	char path[128], text[256] = "";
	FILE *file;

	path_of(x, name, path);
	file = fopen(path, "r");
	if (expected == NULL) {
		assert_null(file);
		return;
	}
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

static void lines_are_added(void **state)
{
	struct fixture *x = *state;
	struct stat st;
	char path[128];

	assert_int_equal(append(x, "a", "one\n"), 0);
	assert_int_equal(append(x, "a", "two\n"), 0);
	assert_holds(x, "a", "one\ntwo\n");
	path_of(x, "a", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void folders_are_made(void **state)
{
	struct fixture *x = *state;
	struct stat st;
	char path[128];

	assert_int_equal(append(x, "b/c/a", "one\n"), 0);
	assert_holds(x, "b/c/a", "one\n");
	path_of(x, "b", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750 & ~umask(umask(0)));
}

static void links_are_not_followed(void **state)
{
	struct fixture *x = *state;
	char path[128];

	path_of(x, "b", path);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(append(x, "b", "one\n"), -ELOOP);
	assert_int_equal(append(x, "b/c", "one\n"), -ENOTDIR);
}

static void only_so_many_are_open(void **state)
{
	struct fixture *x = *state;

	assert_non_null(want(x, "a", "1\n"));
	assert_non_null(want(x, "b", "2\n"));
	assert_null(want(x, "c", "3\n"));
	assert_non_null(want(x, "a", "4\n"));
	files_append(&x->files, &x->rules);
	files_settle(&x->files);
	assert_non_null(want(x, "b", "5\n"));
	assert_non_null(want(x, "c", "6\n")); /* in the place of a */
	files_append(&x->files, &x->rules);
	files_settle(&x->files);
	assert_int_equal(files_count(&x->files), 2);
	assert_holds(x, "a", "1\n4\n");
	assert_holds(x, "b", "2\n5\n");
	assert_holds(x, "c", "6\n");
}

static void large_files_are_renamed(void **state)
{
	struct fixture *x = *state;

	x->rules.max_size = 8;
	append(x, "a", "one\n");
	append(x, "a", "two\n");
	append(x, "a", "three, which is longer\n");
	append(x, "a", "four\n");
	append(x, "a", "fives\n");
	assert_holds(x, "a", "fives\n");
	assert_holds(x, "a.1", "four\n");
	assert_holds(x, "a.2", "three, which is longer\n");
	assert_holds(x, "a.3", NULL);
	assert_int_equal(x->files.counts.rotations, 3);
}

static void a_file_that_was_moved_away_is_begun_anew(void **state)
{
	struct fixture *x = *state;
	char from[128], to[128];

	append(x, "a", "one\n");
	path_of(x, "a", from);
	path_of(x, "b", to);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(append(x, "a", "two\n"), 0);
	assert_holds(x, "a", "two\n");
	assert_holds(x, "b", "one\n");
	assert_int_equal(x->files.counts.reopened, 1);
}

static void what_is_not_used_is_closed(void **state)
{
	struct fixture *x = *state;
	char path[128];

	append(x, "a", "one\n");
	append(x, "b", "one\n");
	files_tidy(&x->files, seconds(60), instant_now());
	assert_int_equal(files_count(&x->files), 2);
	path_of(x, "a", path);
	assert_int_equal(unlink(path), 0);
	files_tidy(&x->files, seconds(60), instant_now());
	assert_int_equal(files_count(&x->files), 1);
	files_tidy(&x->files, seconds(60), instant_after(instant_now(), seconds(61)));
	assert_int_equal(files_count(&x->files), 0);
}

/* RLIMIT_FSIZE is a disk that is full for this process. */
static void a_torn_line_is_taken_back(void **state)
{
	struct fixture *x = *state;
	struct rlimit before, limit;

	append(x, "a", "one\n");
	getrlimit(RLIMIT_FSIZE, &before);
	limit = (struct rlimit){ 6, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(append(x, "a", "second\n"), -EFBIG);
	assert_holds(x, "a", "one\n");
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(append(x, "a", "second\n"), 0);
	assert_holds(x, "a", "one\nsecond\n");
}

static void a_line_without_an_end_is_ended(void **state)
{
	struct fixture *x = *state;
	char path[128];
	FILE *file;

	path_of(x, "a", path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("half a l", file);
	fclose(file);
	assert_int_equal(append(x, "a", "one\n"), 0);
	assert_int_equal(append(x, "a", "two\n"), 0);
	assert_holds(x, "a", "half a l\none\ntwo\n");
	assert_int_equal(x->files.counts.torn, 1);
}

static void only_files_are_written_to(void **state)
{
	struct fixture *x = *state;
	char path[128];

	path_of(x, "pipe", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(append(x, "pipe", "one\n"), -EBADF);
	path_of(x, "folder", path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(append(x, "folder", "one\n"), -EISDIR);
	x->rules.base_len += strlen("none/");
	assert_int_equal(append(x, "none/a", "one\n"), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_added),
		TEST(folders_are_made),
		TEST(links_are_not_followed),
		TEST(only_so_many_are_open),
		TEST(large_files_are_renamed),
		TEST(a_file_that_was_moved_away_is_begun_anew),
		TEST(what_is_not_used_is_closed),
		TEST(a_torn_line_is_taken_back),
		TEST(a_line_without_an_end_is_ended),
		TEST(only_files_are_written_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
