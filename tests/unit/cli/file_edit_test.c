/* SPDX-License-Identifier: MIT */
#include "cli/file_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/unit/unit.h"

static char folder[] = "/tmp/file_edit_XXXXXX";
static char path[64], link_path[64];

static int begin(void **unused)
{
	(void)unused;
	strcpy(folder, "/tmp/file_edit_XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/pw", folder);
	snprintf(link_path, sizeof(link_path), "%s/link", folder);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	unlink(path);
	unlink(link_path);
	return rmdir(folder); /* fails when something was left behind */
}

static void write_file(const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void assert_file(const char *text, mode_t mode)
{
	char buffer[64] = "";
	FILE *file = fopen(path, "r");
	struct stat status;

	assert_non_null(file);
	buffer[fread(buffer, 1, sizeof(buffer) - 1, file)] = '\0';
	assert_int_equal(fstat(fileno(file), &status), 0);
	fclose(file);
	assert_string_equal(buffer, text);
	assert_int_equal(status.st_mode & 07777, mode);
}

/* Open `at` and put `text` in its place; returns whether both worked. */
static bool edit(const char *at, bool may_be_new, const char *text)
{
	struct file_edit f;
	struct str problem = { 0 };
	bool ok = file_edit_open(&f, at, may_be_new, &problem) &&
		  file_edit_replace(&f, span_of_text(text), &problem);

	assert_int_equal(ok, problem.len == 0);
	file_edit_close(&f);
	str_finish(&problem);
	return ok;
}

static void a_new_file_is_for_its_owner_alone(void **unused)
{
	(void)unused;
	assert_false(edit(path, false, "x"));
	assert_true(access(path, F_OK) < 0);
	assert_true(edit(path, true, "new"));
	assert_file("new", 0600);
}

static void a_new_file_has_the_mode_that_is_asked_for(void **unused)
{
	struct file_edit f;
	struct str problem = { 0 };

	(void)unused;
	assert_true(file_edit_open(&f, path, true, &problem));
	f.new_mode = 0644;
	assert_true(file_edit_replace(&f, BYTES("new"), &problem));
	file_edit_close(&f);
	assert_file("new", 0644);
}

static void the_mode_stays(void **unused)
{
	(void)unused;
	write_file("old", 0640);
	assert_true(edit(path, false, "new"));
	assert_file("new", 0640);
}

static void who_has_it_open_goes_on_reading_the_old(void **unused)
{
	char buffer[8] = "";
	int fd;

	(void)unused;
	write_file("old", 0600);
	fd = open(path, O_RDONLY);
	assert_true(edit(path, false, "new"));
	assert_int_equal(read(fd, buffer, sizeof(buffer)), 3);
	assert_string_equal(buffer, "old");
	close(fd);
	assert_file("new", 0600);
}

static void the_text_is_what_the_file_holds(void **unused)
{
	struct file_edit f;
	struct str problem = { 0 };

	(void)unused;
	write_file("al:x\n", 0600);
	assert_true(file_edit_open(&f, path, false, &problem));
	assert_span_text(str_span(&f.text), "al:x\n");
	file_edit_close(&f);
	assert_file("al:x\n", 0600);
}

static void a_link_is_followed_where_nobody_else_can_make_one(void **unused)
{
	struct stat status;

	(void)unused;
	write_file("old", 0600);
	assert_int_equal(symlink("pw", link_path), 0);
	assert_true(edit(link_path, false, "new"));
	assert_file("new", 0600);
	assert_int_equal(lstat(link_path, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(chmod(folder, 01777), 0);
	assert_false(edit(link_path, false, "newer"));
	assert_file("new", 0600);
	assert_true(edit(path, false, "newer"));
}

static void what_is_no_file_is_refused(void **unused)
{
	(void)unused;
	assert_false(edit(folder, true, "x"));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(edit(path, true, "x"));
	assert_int_equal(symlink("nowhere", link_path), 0);
	assert_false(edit(link_path, false, "x"));
	assert_false(edit("/nowhere/at/all", true, "x"));
}

/* What a slower one read is not written over what a faster one wrote. */
static void one_waits_for_the_other(void **unused)
{
	struct file_edit first;
	struct str problem = { 0 };
	int status, gate[2];
	pid_t child;
	char byte;

	(void)unused;
	write_file("0", 0600);
	assert_int_equal(pipe(gate), 0);
	assert_true(file_edit_open(&first, path, false, &problem));
	child = fork();
	if (child == 0) {
		struct file_edit second;
		bool ok;

		close(gate[0]);
		close(first.fd); /* the lock is the parent's alone */
		ok = write(gate[1], "x", 1) == 1 && file_edit_open(&second, path, false, &problem);
		str_append_byte(&second.text, '2');
		_exit(ok && file_edit_replace(&second, str_span(&second.text), &problem) ? 0 : 1);
	}
	assert_int_equal(read(gate[0], &byte, 1), 1);
	str_append_byte(&first.text, '1');
	assert_true(file_edit_replace(&first, str_span(&first.text), &problem));
	file_edit_close(&first);
	close(gate[0]);
	close(gate[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_file("012", 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_file_is_for_its_owner_alone, begin, end),
		cmocka_unit_test_setup_teardown(
				a_new_file_has_the_mode_that_is_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(the_mode_stays, begin, end),
		cmocka_unit_test_setup_teardown(
				who_has_it_open_goes_on_reading_the_old, begin, end),
		cmocka_unit_test_setup_teardown(the_text_is_what_the_file_holds, begin, end),
		cmocka_unit_test_setup_teardown(
				a_link_is_followed_where_nobody_else_can_make_one, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(one_waits_for_the_other, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
