/* SPDX-License-Identifier: MIT */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/str.h"
#include "tests/unit/unit.h"

static char path[] = "/tmp/belfry-log-XXXXXX";

static int begin(void **unused)
{
	(void)unused;
	return truncate(path, 0);
}

static void open_log(unsigned types, bool timestamps)
{
	struct log_config config = { .program = "test", .destinations = LOG_TO_FILE, .file = path };

	config.types = types;
	config.timestamps = timestamps;
	assert_int_equal(log_open(&config), 0);
}

static void assert_written(const char *wanted)
{
	char text[8192] = "";
	FILE *file = fopen(path, "r");

	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, wanted);
}

static void errors_and_warnings_say_so_in_front(void **unused)
{
	(void)unused;
	open_log(LOG_TYPES_ALL, false);
	log_error("disk: %s", "full");
	log_warn("w");
	log_notice("n");
	log_info("i");
	log_line(LOG_TYPE_SUBSCRIBE, "s");
	log_debug("d");
	assert_written("error: disk: full\nwarning: w\nn\ni\ns\ndebug: d\n");
}

static void each_line_of_a_text_is_one_of_the_log(void **unused)
{
	(void)unused;
	open_log(LOG_TYPES_ALL, false);
	log_lines(LOG_TYPE_WARNING, "listener 1", BYTES("one\n\ntwo %s"));
	log_lines(LOG_TYPE_NOTICE, "n", BYTES("three\n"));
	log_lines(LOG_TYPE_NOTICE, "n", BYTES(""));
	assert_written("warning: listener 1: one\nwarning: listener 1: \nwarning: listener 1: two "
		       "%s\nn: three\n");
}

static void only_chosen_types_are_written(void **unused)
{
	(void)unused;
	open_log(LOG_TYPE_ERROR | LOG_TYPE_DEBUG, false);
	assert_true(log_enabled(LOG_TYPE_ERROR));
	assert_false(log_enabled(LOG_TYPE_NOTICE));
	log_notice("no");
	log_line_errno(LOG_TYPE_WARNING, EIO, "no");
	log_debug("yes");
	assert_written("debug: yes\n");
}

static void an_errno_of_either_sign_is_put_into_words(void **unused)
{
	(void)unused;
	open_log(LOG_TYPES_DEFAULT, false);
	log_error_errno(ENOENT, "a");
	log_warn_errno(-ENOENT, "b");
	log_error_errno(0, "c");
	assert_written("error: a: No such file or directory\n"
		       "warning: b: No such file or directory\n"
		       "error: c\n");
}

static void assert_last_line(const char *begins, const char *ends)
{
	char text[8192];
	FILE *file = fopen(path, "r");

	assert_non_null(fgets(text, sizeof(text), file));
	assert_null(fgets(text + strlen(text), 2, file)); /* one line */
	fclose(file);
	assert_in_range(strlen(text), 1990, 2048);
	assert_memory_equal(text, begins, strlen(begins));
	assert_string_equal(text + strlen(text) - strlen(ends), ends);
	assert_non_null(strstr(text, "x...x"));
	assert_int_equal(truncate(path, 0), 0);
}

static void a_long_line_keeps_what_it_is_about_and_what_is_wrong(void **unused)
{
	char text[6000];

	(void)unused;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	open_log(LOG_TYPES_DEFAULT, false);
	log_error_errno(ENOENT, "log_dest file /%s", text);
	assert_last_line("error: log_dest file /xx", "xx: No such file or directory\n");
	log_error("reload: c:1: '%s': unknown keyword", text);
	assert_last_line("error: reload: c:1: 'xx", "xx': unknown keyword\n");
}

static void a_line_is_cut_between_its_characters(void **unused)
{
	char text[8192], *gap;
	FILE *file;

	(void)unused;
	open_log(LOG_TYPES_DEFAULT, false);
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < 4000; k++)
			memcpy(text + 2 * k, "\xc3\xa4", 2);
		text[8000] = '\0';
		log_notice("%s%s%s", i == 0 ? "" : "x", text, i == 0 ? "" : "x");
		file = fopen(path, "r");
		assert_non_null(fgets(text, sizeof(text), file));
		fclose(file);
		gap = strstr(text, "...");
		assert_non_null(gap);
		assert_memory_equal(gap - 2, "\xc3\xa4...\xc3\xa4", 7);
		assert_int_equal(truncate(path, 0), 0);
	}
}

static void time_stamps_are_iso_8601(void **unused)
{
	char text[256];
	unsigned year, month, day, hour, minute, second, milli;
	FILE *file;

	(void)unused;
	open_log(LOG_TYPES_DEFAULT, true);
	log_notice("hello");
	file = fopen(path, "r");
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_int_equal(sscanf(text, "%u-%u-%uT%u:%u:%u.%uZ: hello", &year, &month, &day, &hour,
					 &minute, &second, &milli),
			7);
}

static void a_file_that_cannot_be_opened_leaves_the_log_as_it_was(void **unused)
{
	struct log_config config = { .destinations = LOG_TO_FILE, .file = "/nonexistent/log" };

	(void)unused;
	open_log(LOG_TYPES_DEFAULT, false);
	assert_int_equal(log_open(&config), -ENOENT);
	log_notice("still here");
	assert_written("still here\n");
}

static void nothing_is_written_to_none(void **unused)
{
	struct log_config config = { .destinations = LOG_TO_NONE, .types = LOG_TYPES_ALL };

	(void)unused;
	open_log(LOG_TYPES_DEFAULT, false);
	assert_int_equal(log_open(&config), 0);
	assert_false(log_enabled(LOG_TYPE_ERROR));
	log_error("lost");
	assert_written("");
}

static void lines_may_be_json(void **unused)
{
	struct log_config config = { .destinations = LOG_TO_FILE,
		.file = path,
		.types = LOG_TYPES_ALL,
		.format = LOG_FORMAT_JSON };

	(void)unused;
	assert_int_equal(log_open(&config), 0);
	log_error("a \"quoted\" word\n");
	log_line(LOG_TYPE_SUBSCRIBE, "s");
	assert_written("{\"level\":\"error\",\"message\":\"a \\\"quoted\\\" word\\n\"}\n"
		       "{\"level\":\"subscribe\",\"message\":\"s\"}\n");
	assert_int_equal(truncate(path, 0), 0);
	config.timestamps = true;
	config.timestamp_format = "now";
	assert_int_equal(log_open(&config), 0);
	log_notice("n");
	assert_written("{\"time\":\"now\",\"level\":\"notice\",\"message\":\"n\"}\n");
}

static void the_time_may_have_another_form(void **unused)
{
	struct log_config config = { .destinations = LOG_TO_FILE,
		.file = path,
		.types = LOG_TYPES_ALL,
		.timestamps = true,
		.timestamp_format = "%%then" };

	(void)unused;
	assert_int_equal(log_open(&config), 0);
	log_notice("n");
	assert_written("%then: n\n");
}

static void keep_line(void *owner, enum log_type type, struct span line)
{
	struct str *kept = owner;

	str_printf(kept, "%d ", type);
	str_append(kept, line);
	str_append_byte(kept, ';');
	log_notice("while publishing"); /* not published itself */
}

static void the_log_goes_to_several_places(void **unused)
{
	struct log_config config = { .types = LOG_TYPES_ALL };
	AUTO_FREE char *to_file = NULL;
	struct str kept = { 0 }, word = { 0 };

	(void)unused;
	str_printf(&word, "file %s", path);
	to_file = str_take(&word);
	assert_null(log_config_add(&config, to_file));
	assert_null(log_config_add(&config, "topic"));
	assert_int_equal(log_open(&config), 0);
	log_set_publisher(keep_line, &kept);
	log_warn("w");
	log_set_publisher(NULL, NULL);
	log_warn("x");
	assert_string_equal(str_text(&kept), "2 warning: w;");
	assert_written("warning: w\nwhile publishing\nwarning: x\n");
	str_finish(&kept);
}

/* Something moved it away: the next opening makes a new one. */
static void a_file_is_opened_anew(void **unused)
{
	struct str moved = { 0 };

	(void)unused;
	open_log(LOG_TYPES_ALL, false);
	str_printf(&moved, "%s.1", path);
	assert_int_equal(rename(path, str_text(&moved)), 0);
	log_notice("old");
	open_log(LOG_TYPES_ALL, false);
	log_notice("new");
	assert_written("new\n");
	unlink(str_text(&moved));
	str_finish(&moved);
}

static void *log_on(void *owner)
{
	atomic_bool *goes_on = owner;

	while (*goes_on)
		log_notice("line");
	return NULL;
}

/* What is opened next gets the number of the file that was closed, and no line that was late. */
static void a_line_never_goes_to_a_file_that_was_closed(void **unused)
{
	struct log_config none = { .destinations = LOG_TO_NONE, .types = LOG_TYPES_ALL };
	char other[] = "/tmp/belfry-log-other-XXXXXX";
	pthread_t threads[2];
	atomic_bool goes_on = true;
	struct stat info;

	(void)unused;
	close(mkstemp(other));
	for (size_t i = 0; i < array_size(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_on, &goes_on), 0);
	for (int i = 0; i < 200; i++) {
		int fd;

		open_log(LOG_TYPES_ALL, true);
		sched_yield();
		assert_int_equal(log_open(&none), 0);
		fd = open(other, O_WRONLY | O_APPEND);
		sched_yield();
		close(fd);
	}
	goes_on = false;
	for (size_t i = 0; i < array_size(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(stat(other, &info), 0);
	assert_int_equal(info.st_size, 0);
	unlink(other);
}

static void a_log_is_not_readable_by_everybody(void **unused)
{
	char fresh[] = "/tmp/belfry-log-fresh-XXXXXX";
	struct log_config config = { .destinations = LOG_TO_FILE, .file = fresh };
	struct stat info;

	(void)unused;
	close(mkstemp(fresh));
	unlink(fresh);
	assert_int_equal(log_open(&config), 0);
	assert_int_equal(stat(fresh, &info), 0);
	assert_int_equal(info.st_mode & 07, 0);
	unlink(fresh);
	assert_int_equal(symlink("/etc/passwd", fresh), 0);
	assert_int_equal(log_open(&config), -ELOOP);
	unlink(fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(errors_and_warnings_say_so_in_front, begin),
		cmocka_unit_test_setup(each_line_of_a_text_is_one_of_the_log, begin),
		cmocka_unit_test_setup(only_chosen_types_are_written, begin),
		cmocka_unit_test_setup(lines_may_be_json, begin),
		cmocka_unit_test_setup(the_time_may_have_another_form, begin),
		cmocka_unit_test_setup(the_log_goes_to_several_places, begin),
		cmocka_unit_test_setup(a_file_is_opened_anew, begin),
		cmocka_unit_test_setup(an_errno_of_either_sign_is_put_into_words, begin),
		cmocka_unit_test_setup(a_long_line_keeps_what_it_is_about_and_what_is_wrong, begin),
		cmocka_unit_test_setup(a_line_is_cut_between_its_characters, begin),
		cmocka_unit_test_setup(time_stamps_are_iso_8601, begin),
		cmocka_unit_test_setup(
				a_file_that_cannot_be_opened_leaves_the_log_as_it_was, begin),
		cmocka_unit_test_setup(nothing_is_written_to_none, begin),
		cmocka_unit_test_setup(a_line_never_goes_to_a_file_that_was_closed, begin),
		cmocka_unit_test_setup(a_log_is_not_readable_by_everybody, begin),
	};
	int failed;

	close(mkstemp(path));
	unsetenv("JOURNAL_STREAM");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
