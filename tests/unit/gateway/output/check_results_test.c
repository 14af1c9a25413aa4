/* SPDX-License-Identifier: MIT */
/*
 * A check_results sink whose core the test plays: it looks into the folder and removes files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/check_results.h"
#include "tests/unit/unit.h"

struct fixture {
	char root[64], folder[96], progress_path[96], name[160];
	struct check_results_config config;
	struct output_counters counters;
	_Atomic(const char *) problem;
	struct progress_file *progress;
	struct sink *sink;
	struct batch batch;
	struct batch_item items[2];
	size_t refused;
	struct instant now;
};

static void take_refusal(void *owner, size_t index, const struct rejection *r)
{
	struct fixture *f = owner;

	assert_int_equal(r->reject, REJECT_REFUSED);
	f->refused += 1 + index;
}

static void make_sink(struct fixture *f)
{
	struct sink_env env = { .journal = 0x1234,
		.progress = f->progress,
		.counters = &f->counters,
		.problem = &f->problem,
		.refuse = take_refusal,
		.owner = f };

	f->sink = check_results_class.create(&f->config.output, &env);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct log_config quiet = { .destinations = LOG_TO_NONE };

	log_open(&quiet);
	strcpy(f->root, "/tmp/belfry-spool-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->folder, sizeof(f->folder), "%s/checkresults", f->root);
	snprintf(f->progress_path, sizeof(f->progress_path), "%s/progress", f->root);
	assert_int_equal(mkdir(f->folder, 0750), 0);
	f->config = (struct check_results_config){
		.output = { .name = xstrdup("nagios"), .max_output = 8192, .batch_results = 100 },
		.path = f->folder,
		.max_file_age = 3600,
	};
	f->now = (struct instant){ 1000000000 };
	assert_int_equal(progress_open(f->progress_path, 0x1234, &f->progress), 0);
	make_sink(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	check_results_class.destroy(f->sink);
	progress_close(f->progress);
	str_finish(&f->batch.text);
	free(f->config.output.name);
	snprintf(command, sizeof(command), "rm -r %s", f->root);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static enum sink_state step_after(struct fixture *f, int64_t ms)
{
	f->now = instant_after(f->now, milliseconds(ms));
	return check_results_class.step(f->sink, f->now);
}

static void submit(struct fixture *f, uint64_t first, uint64_t last)
{
	str_clear(&f->batch.text);
	str_append_text(&f->batch.text, "host_name=h\noutput=x\n\n");
	f->items[0].len = f->batch.text.len;
	f->batch.items = f->items;
	f->batch.results = 1;
	f->batch.first = first;
	f->batch.last = last;
	check_results_class.submit(f->sink, &f->batch);
}

/* How many files are offered to the core; the path of one of them is in f->name. */
static size_t offered(struct fixture *f)
{
	DIR *dir = opendir(f->folder);
	struct dirent *entry;
	size_t found = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char ok[320];

		if (entry->d_name[0] != 'c' || strlen(entry->d_name) != 7)
			continue;
		snprintf(f->name, sizeof(f->name), "%s/%.7s", f->folder, entry->d_name);
		snprintf(ok, sizeof(ok), "%s.ok", f->name);
		found += access(ok, F_OK) == 0;
	}
	closedir(dir);
	return found;
}

static void core_removes(struct fixture *f)
{
	char ok[320];

	assert_int_equal(offered(f), 1);
	snprintf(ok, sizeof(ok), "%s.ok", f->name);
	assert_int_equal(unlink(f->name), 0);
	assert_int_equal(unlink(ok), 0);
}

static void read_file(struct fixture *f, char *into, size_t size)
{
	int fd;
	ssize_t n;

	assert_int_equal(offered(f), 1);
	fd = open(f->name, O_RDONLY);
	n = read(fd, into, size - 1);
	assert_true(n > 0);
	into[n] = '\0';
	close(fd);
}

static void a_batch_is_done_when_the_core_has_removed_its_file(void **state)
{
	struct fixture *f = *state;
	char content[512];
	const char *time;

	submit(f, 5, 9);
	assert_int_equal(step_after(f, 0), SINK_BUSY);
	read_file(f, content, sizeof(content));
	assert_non_null(strstr(content, "# belfry-gateway nagios-00001234-5-9\nfile_time="));
	time = strstr(content, "file_time=") + strlen("file_time=");
	assert_true(labs(strtol(time, NULL, 10) - (long)wall_time_seconds(wall_time_now())) < 5);
	assert_string_equal(time + 10, "\n\nhost_name=h\noutput=x\n\n");
	assert_int_equal(step_after(f, 2000), SINK_BUSY);
	core_removes(f);
	assert_int_equal(step_after(f, 1), SINK_DONE);
	assert_int_equal(step_after(f, 1), SINK_IDLE);
	submit(f, 10, 12);
	assert_int_equal(step_after(f, 1), SINK_BUSY);
	assert_int_equal(offered(f), 1);
}

static void a_file_is_made_young_again(void **state)
{
	struct fixture *f = *state;
	char content[512];

	submit(f, 5, 9);
	step_after(f, 0);
	assert_int_equal(offered(f), 1);
	f->config.max_file_age = 0; /* every look finds that it is time */
	{
		int fd = open(f->name, O_WRONLY);
		off_t at = (off_t)strlen("# belfry-gateway nagios-00001234-5-9\nfile_time=");

		assert_int_equal(pwrite(fd, "1000000000", 10, at), 10);
		close(fd);
	}
	assert_int_equal(step_after(f, 1000), SINK_BUSY);
	read_file(f, content, sizeof(content));
	assert_null(strstr(content, "1000000000"));
	assert_non_null(strstr(content, "\n\nhost_name=h\noutput=x\n\n"));
	f->config.max_file_age = 3600;
	core_removes(f);
	assert_int_equal(step_after(f, 1), SINK_DONE);
}

static void one_that_was_too_old_when_it_went_is_built_again(void **state)
{
	struct fixture *f = *state;

	submit(f, 5, 9);
	step_after(f, 0);
	core_removes(f);
	f->config.max_file_age = 0; /* any age is too much: the core did not read it */
	assert_int_equal(step_after(f, 1), SINK_LOST);
	assert_int_equal(f->counters.reissued, 1);
	assert_int_equal(step_after(f, 1), SINK_IDLE);
}

static void restart_with(struct fixture *f, struct progress *ret)
{
	check_results_class.destroy(f->sink);
	make_sink(f);
	assert_true(progress_load(f->progress, ret));
}

static void a_file_that_an_earlier_run_left_is_taken_over(void **state)
{
	struct fixture *f = *state;
	struct progress left;

	submit(f, 5, 9);
	step_after(f, 0);
	restart_with(f, &left);
	assert_int_equal(left.confirmed, 4);
	assert_int_equal(check_results_class.resume(f->sink, &left), LEFTOVER_BUSY);
	assert_int_equal(step_after(f, 1), SINK_BUSY);
	core_removes(f);
	assert_int_equal(step_after(f, 1), SINK_DONE);
}

static void one_that_went_meanwhile_had_arrived_if_it_was_young(void **state)
{
	struct fixture *f = *state;
	struct progress left;

	submit(f, 5, 9);
	step_after(f, 0);
	core_removes(f);
	restart_with(f, &left);
	assert_int_equal(check_results_class.resume(f->sink, &left), LEFTOVER_ARRIVED);
	f->config.max_file_age = 0;
	assert_int_equal(check_results_class.resume(f->sink, &left), LEFTOVER_NONE);
	f->config.max_file_age = 3600;
	left.is_named = false;
	assert_int_equal(check_results_class.resume(f->sink, &left), LEFTOVER_NONE);
}

static void files_that_nobody_remembers_are_removed_and_those_of_others_are_not(void **state)
{
	struct fixture *f = *state;
	char other[160];
	int fd;

	submit(f, 5, 9);
	step_after(f, 0);
	snprintf(other, sizeof(other), "%s/cOTHERS", f->folder);
	fd = open(other, O_CREAT | O_WRONLY, 0640);
	assert_int_equal(write(fd, "# belfry-gateway nagios-0000ffff-5-9\n", 37), 37);
	close(fd);
	check_results_class.destroy(f->sink);
	make_sink(f);
	assert_int_equal(check_results_class.resume(f->sink, NULL), LEFTOVER_NONE);
	assert_int_equal(offered(f), 0);
	assert_int_equal(access(other, F_OK), 0);
}

static void a_folder_that_is_not_there_is_waited_for_and_not_made(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rmdir(f->folder), 0);
	submit(f, 5, 9);
	assert_int_equal(step_after(f, 0), SINK_BUSY);
	assert_non_null(strstr(f->problem, "check_result_path"));
	assert_int_equal(access(f->folder, F_OK), -1);
	assert_int_equal(mkdir(f->folder, 0750), 0);
	assert_int_equal(step_after(f, 1100), SINK_BUSY);
	assert_null(f->problem);
	core_removes(f);
	assert_int_equal(step_after(f, 1), SINK_DONE);
}

static void a_core_that_takes_nothing_for_a_minute_is_named(void **state)
{
	struct fixture *f = *state;

	submit(f, 5, 9);
	step_after(f, 0);
	step_after(f, 59000);
	assert_null(f->problem);
	step_after(f, 2000);
	assert_non_null(strstr(f->problem, "not taken"));
	core_removes(f);
	assert_int_equal(step_after(f, 1), SINK_DONE);
	assert_null(f->problem);
}

static void a_result_that_cannot_be_said_there_is_refused(void **state)
{
	struct fixture *f = *state;

	submit(f, 5, 9);
	f->items[1].len = 0;
	f->batch.results = 2;
	assert_int_equal(step_after(f, 0), SINK_BUSY);
	assert_int_equal(f->refused, 2);
	core_removes(f);
	assert_int_equal(step_after(f, 1), SINK_DONE);
	assert_int_equal(f->refused, 2);
	submit(f, 10, 10);
	str_clear(&f->batch.text);
	f->items[0].len = 0;
	assert_int_equal(step_after(f, 1), SINK_DONE); /* nothing to hand over */
	assert_int_equal(f->refused, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_batch_is_done_when_the_core_has_removed_its_file),
		TEST(a_file_is_made_young_again),
		TEST(one_that_was_too_old_when_it_went_is_built_again),
		TEST(a_file_that_an_earlier_run_left_is_taken_over),
		TEST(one_that_went_meanwhile_had_arrived_if_it_was_young),
		TEST(files_that_nobody_remembers_are_removed_and_those_of_others_are_not),
		TEST(a_folder_that_is_not_there_is_waited_for_and_not_made),
		TEST(a_core_that_takes_nothing_for_a_minute_is_named),
		TEST(a_result_that_cannot_be_said_there_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
