/* SPDX-License-Identifier: MIT */
#include "gateway/output/objects.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/log.h"
#include "tests/unit/unit.h"

#define HOST(name) "define host {\n\thost_name\t" name "\n\t}\n\n"

static char path[64];
static struct objects *objects;
static long written; /* each file has a time of its own */

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");
	struct timespec times[2] = { { 1000 + written, 0 }, { 1000 + written, 0 } };

	written++;
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool knows(const char *host)
{
	return objects_find(objects, span_of_text(host), span_of_text("")) == OBJECT_THERE;
}

static int setup(void **unused)
{
	struct log_config quiet = { .destinations = LOG_TO_NONE };
	int fd;

	(void)unused;
	log_open(&quiet);
	strcpy(path, "/tmp/belfry-objects-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || close(fd) < 0)
		return -1;
	objects = objects_create("nagios", path);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	objects_destroy(objects);
	unlink(path);
	return 0;
}

static void nothing_is_unknown_before_a_file_was_read(void **unused)
{
	(void)unused;
	assert_true(knows("a"));
	write_file(HOST("a"));
	assert_true(knows("b"));
	objects_look(objects);
	assert_true(knows("b"));
	assert_int_equal(objects_generation(objects), 0);
}

static void a_file_counts_when_two_looks_see_the_same(void **unused)
{
	(void)unused;
	write_file(HOST("a"));
	objects_look(objects);
	objects_look(objects);
	assert_true(knows("a"));
	assert_false(knows("b"));
	assert_int_equal(objects_generation(objects), 1);
	objects_look(objects);
	assert_int_equal(objects_generation(objects), 1);
}

static void a_changed_file_makes_nothing_unknown_until_it_is_read(void **unused)
{
	(void)unused;
	write_file(HOST("a"));
	objects_look(objects);
	objects_look(objects);
	assert_false(knows("b"));
	write_file(HOST("a") HOST("b"));
	assert_true(knows("b")); /* at once, without a look */
	assert_true(knows("c"));
	objects_look(objects);
	write_file(HOST("a") HOST("b") "# and");
	objects_look(objects);
	assert_true(knows("c")); /* still being written */
	objects_look(objects);
	assert_true(knows("c")); /* not whole */
	write_file(HOST("a") HOST("b"));
	objects_look(objects);
	objects_look(objects);
	assert_true(knows("b"));
	assert_false(knows("c"));
	assert_int_equal(objects_generation(objects), 2);
}

static void a_file_that_is_gone_makes_nothing_unknown(void **unused)
{
	(void)unused;
	write_file(HOST("a"));
	objects_look(objects);
	objects_look(objects);
	assert_int_equal(unlink(path), 0);
	assert_true(knows("b"));
	objects_look(objects);
	assert_true(knows("b"));
	write_file(HOST("a"));
	objects_look(objects);
	assert_true(knows("b"));
	objects_look(objects);
	assert_false(knows("b"));
}

/* Opening a pipe would wait for its writer. */
static void what_is_no_file_is_not_read(void **unused)
{
	(void)unused;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	objects_look(objects);
	objects_look(objects);
	assert_true(knows("b"));
	assert_int_equal(objects_generation(objects), 0);
}

static void its_thread_ends_with_it(void **unused)
{
	(void)unused;
	objects_start(objects);
	assert_true(knows("a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				nothing_is_unknown_before_a_file_was_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_file_counts_when_two_looks_see_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(
				a_changed_file_makes_nothing_unknown_until_it_is_read, setup,
				teardown),
		cmocka_unit_test_setup_teardown(
				a_file_that_is_gone_makes_nothing_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(its_thread_ends_with_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
