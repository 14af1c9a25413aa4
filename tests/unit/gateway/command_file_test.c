/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/command_file.h"
#include "gateway/fifo.h"

/* The core's side is played by the test: it reads the pipe and removes files. */
struct fixture {
	char root[64];
	char pipe[96], folder[96], progress_path[96];
	struct output_config config;
	struct output_counters counters;
	_Atomic(const char *) problem;
	struct progress_file *progress;
	struct sink *sink;
	struct batch batch;
	struct instant now;
	int core; /* reading end, -1: the core is not running */
	char command[5000];
};

static void remove_file(struct fixture *f, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	assert_int_equal(unlink(path), 0);
}

static void start_core(struct fixture *f)
{
	if (mkfifo(f->pipe, 0660) < 0)
		assert_int_equal(errno, EEXIST);
	f->core = open(f->pipe, O_RDONLY | O_NONBLOCK);
	assert_true(f->core >= 0);
}

static void stop_core(struct fixture *f)
{
	close(f->core);
	f->core = -1;
}

static void make_sink(struct fixture *f)
{
	struct sink_env env = { .journal = 0x1234,
		.progress = f->progress,
		.counters = &f->counters,
		.problem = &f->problem };

	f->sink = command_file_class.create(&f->config, &env);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct log_config quiet = { .destinations = LOG_TO_NONE };

	log_open(&quiet);
	signal(SIGPIPE, SIG_IGN);
	strcpy(f->root, "/tmp/belfry-sink-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->pipe, sizeof(f->pipe), "%s/nagios.cmd", f->root);
	snprintf(f->folder, sizeof(f->folder), "%s/batches", f->root);
	snprintf(f->progress_path, sizeof(f->progress_path), "%s/progress", f->root);
	f->config = (struct output_config){ .name = xstrdup("nagios"),
		.path = f->pipe,
		.batch_dir = f->folder,
		.max_output = 8192,
		.batch_results = 100 };
	f->core = -1;
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

	command_file_class.destroy(f->sink);
	progress_close(f->progress);
	str_finish(&f->batch.text);
	free(f->config.name);
	if (f->core >= 0)
		close(f->core);
	snprintf(command, sizeof(command), "rm -r %s", f->root);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static enum sink_state step(struct fixture *f)
{
	return command_file_class.step(f->sink, f->now);
}

static enum sink_state step_after(struct fixture *f, int64_t ms)
{
	f->now = instant_after(f->now, milliseconds(ms));
	return step(f);
}

static void submit(struct fixture *f, uint64_t first, uint64_t last, const char *text)
{
	str_clear(&f->batch.text);
	str_append_text(&f->batch.text, text);
	f->batch.first = first;
	f->batch.last = last;
	f->batch.results = 1;
	command_file_class.submit(f->sink, &f->batch);
}

/* What the core finds in the pipe; "" when there is nothing. */
static const char *read_pipe(struct fixture *f)
{
	ssize_t n = read(f->core, f->command, sizeof(f->command) - 1);

	f->command[n > 0 ? n : 0] = '\0';
	return f->command;
}

static const char file_name[] = "nagios-00001234-5-9";

static bool file_exists(struct fixture *f)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->folder, file_name);
	return access(path, F_OK) == 0;
}

static void core_applies(struct fixture *f)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->folder, file_name);
	assert_int_equal(unlink(path), 0);
}

static bool commanded(struct fixture *f)
{
	char expected[200];

	snprintf(expected, sizeof(expected), "] PROCESS_FILE;%s/%s;1\n", f->folder, file_name);
	return strstr(read_pipe(f), expected) != NULL && f->command[0] == '[';
}

static void a_batch_is_done_when_the_core_has_removed_its_file(void **state)
{
	struct fixture *f = *state;
	char path[160], content[64] = "";
	int fd;

	start_core(f);
	assert_int_equal(step(f), SINK_IDLE);
	assert_null(f->problem);
	submit(f, 5, 9, "one\ntwo\n");
	assert_int_equal(step(f), SINK_BUSY);
	assert_true(commanded(f));
	snprintf(path, sizeof(path), "%s/%s", f->folder, file_name);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, content, sizeof(content)), 8);
	close(fd);
	assert_string_equal(content, "one\ntwo\n");
	assert_int_equal(step_after(f, 10), SINK_BUSY);
	core_applies(f);
	assert_int_equal(step(f), SINK_DONE);
	assert_int_equal(step(f), SINK_IDLE);
	assert_string_equal(read_pipe(f), "");
}

static void a_missing_core_is_waited_for(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(step(f), SINK_IDLE);
	assert_non_null(f->problem);
	submit(f, 5, 9, "x\n");
	assert_int_equal(step_after(f, 100), SINK_BUSY);
	start_core(f);
	assert_int_equal(step_after(f, 250), SINK_BUSY);
	assert_null(f->problem);
	assert_true(commanded(f));
}

static void a_silent_core_is_told_again(void **state)
{
	struct fixture *f = *state;

	start_core(f);
	submit(f, 5, 9, "x\n");
	step(f);
	assert_true(commanded(f));
	step_after(f, 550);
	assert_string_equal(read_pipe(f), "");
	step_after(f, 100); /* soon: a dying worker may have eaten the command */
	assert_true(commanded(f));
	step_after(f, 1100);
	assert_string_equal(read_pipe(f), "");
	step_after(f, 150); /* then at longer and longer intervals */
	assert_true(commanded(f));
	step_after(f, 2000);
	assert_string_equal(read_pipe(f), "");
	assert_int_equal(f->counters.reissued, 2);
}

static void a_core_that_comes_back_is_told_at_once(void **state)
{
	struct fixture *f = *state;
	struct pollfd fds[SINK_DESCRIPTORS];
	size_t n;

	start_core(f);
	submit(f, 5, 9, "x\n");
	step(f);
	assert_true(commanded(f));
	stop_core(f);
	n = command_file_class.descriptors(f->sink, fds);
	assert_true(poll(fds, n, 0) > 0);
	command_file_class.polled(f->sink, fds, n);
	step_after(f, 10);
	assert_non_null(f->problem);
	unlink(f->pipe);
	start_core(f); /* another inode */
	step_after(f, 250);
	assert_true(commanded(f));
	core_applies(f);
	assert_int_equal(step(f), SINK_DONE);
}

static void a_pipe_replaced_behind_a_living_reader_is_noticed(void **state)
{
	struct fixture *f = *state;
	int old;

	start_core(f);
	submit(f, 5, 9, "x\n");
	step(f);
	assert_true(commanded(f));
	old = f->core; /* still open, as by a lingering worker of the old core */
	unlink(f->pipe);
	start_core(f);
	step_after(f, 600);
	step_after(f, 250);
	assert_true(commanded(f));
	close(old);
}

static void what_is_no_pipe_is_never_written_to(void **state)
{
	struct fixture *f = *state;
	char other[160];
	struct stat st;
	int fd;

	submit(f, 5, 9, "x\n");
	fd = open(f->pipe, O_CREAT | O_WRONLY, 0666);
	close(fd);
	assert_int_equal(step(f), SINK_BUSY);
	assert_non_null(strstr(f->problem, "is not a pipe"));
	assert_int_equal(stat(f->pipe, &st), 0);
	assert_int_equal(st.st_size, 0);
	unlink(f->pipe);
	snprintf(other, sizeof(other), "%s/other", f->root);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(symlink(other, f->pipe), 0);
	step_after(f, 250);
	assert_non_null(strstr(f->problem, "symbolic link"));
	unlink(f->pipe);
	assert_int_equal(mkdir(f->pipe, 0700), 0);
	step_after(f, 250);
	assert_non_null(strstr(f->problem, "is not a pipe"));
	rmdir(f->pipe);
	step_after(f, 250);
	assert_non_null(strstr(f->problem, "is not there"));
	assert_int_equal(access(f->pipe, F_OK), -1); /* nor is it created */
	start_core(f);
	step_after(f, 250);
	assert_true(commanded(f));
}

static void a_pipe_of_a_stranger_is_refused(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip(); /* only root can make one */
	start_core(f);
	assert_int_equal(chown(f->pipe, 12345, 0), 0);
	assert_int_equal(step(f), SINK_IDLE);
	assert_non_null(strstr(f->problem, "belongs to a user"));
	assert_int_equal(chown(f->root, 12345, 0), 0);
	step_after(f, 250);
	assert_null(f->problem);
}

static void restart_with(struct fixture *f, struct progress *ret)
{
	command_file_class.destroy(f->sink);
	make_sink(f);
	assert_true(progress_load(f->progress, ret));
}

static void a_file_left_by_a_killed_gateway_is_offered_again(void **state)
{
	struct fixture *f = *state;
	struct progress left;

	start_core(f);
	submit(f, 5, 9, "x\n");
	step(f);
	assert_true(commanded(f));
	restart_with(f, &left);
	assert_int_equal(left.confirmed, 4);
	assert_int_equal(command_file_class.resume(f->sink, &left), LEFTOVER_BUSY);
	assert_int_equal(step(f), SINK_BUSY);
	assert_true(commanded(f));
	core_applies(f);
	assert_int_equal(step(f), SINK_DONE);
}

static void a_file_gone_while_the_gateway_was_away_had_arrived(void **state)
{
	struct fixture *f = *state;
	struct progress left;

	start_core(f);
	submit(f, 5, 9, "x\n");
	step(f);
	core_applies(f);
	restart_with(f, &left);
	assert_int_equal(command_file_class.resume(f->sink, &left), LEFTOVER_ARRIVED);
	assert_int_equal(step(f), SINK_IDLE);
}

static void a_file_that_the_core_never_heard_of_is_not_applied_when_gone(void **state)
{
	struct fixture *f = *state;
	struct progress left;

	submit(f, 5, 9, "x\n"); /* there is no core */
	step(f);
	core_applies(f); /* nobody does: it is removed by hand */
	assert_int_equal(step_after(f, 300), SINK_BUSY);
	start_core(f);
	assert_int_equal(step_after(f, 300), SINK_BUSY);
	assert_true(commanded(f));
	core_applies(f); /* fails if it was not written again */
	assert_int_equal(step(f), SINK_DONE);

	stop_core(f);
	submit(f, 10, 12, "y\n");
	step_after(f, 10);
	restart_with(f, &left);
	assert_int_equal(left.issued_last, 12);
	remove_file(f, "nagios-00001234-10-12");
	assert_int_equal(command_file_class.resume(f->sink, &left), LEFTOVER_NONE);
}

static void a_folder_gone_while_the_gateway_was_away_proves_nothing(void **state)
{
	struct fixture *f = *state;
	char kept[160];
	struct progress left;

	start_core(f);
	submit(f, 5, 9, "x\n");
	step(f);
	snprintf(kept, sizeof(kept), "%s/kept", f->root);
	assert_int_equal(rename(f->folder, kept), 0); /* keeps its inode from being used again */
	restart_with(f, &left);
	assert_int_equal(command_file_class.resume(f->sink, &left), LEFTOVER_NONE);
}

static void a_file_removed_by_us_is_no_confirmation(void **state)
{
	struct fixture *f = *state;
	struct rlimit unlimited, little;
	char text[8192];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
	little = (struct rlimit){ 4096, unlimited.rlim_max };
	start_core(f);
	submit(f, 5, 9, text);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0); /* stands for a full disk */
	assert_int_equal(step(f), SINK_BUSY);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
	assert_non_null(f->problem);
	assert_false(file_exists(f));
	assert_int_equal(step_after(f, 250), SINK_BUSY);
	assert_true(commanded(f));
	assert_true(file_exists(f));
	assert_int_equal(step_after(f, 1), SINK_BUSY);
	core_applies(f);
	assert_int_equal(step_after(f, 1), SINK_DONE);
}

static void a_folder_removed_meanwhile_is_made_anew(void **state)
{
	struct fixture *f = *state;

	start_core(f);
	submit(f, 1, 4, "x\n");
	step(f);
	remove_file(f, "nagios-00001234-1-4");
	assert_int_equal(step_after(f, 1), SINK_DONE);
	assert_int_equal(rmdir(f->folder), 0);
	read_pipe(f);
	submit(f, 5, 9, "x\n");
	step(f);
	step_after(f, 250);
	assert_true(file_exists(f));
	assert_true(commanded(f));
}

static void files_of_other_outputs_and_gateways_are_left_alone(void **state)
{
	static const char *const others[] = { "nagios-failover-00001234-5-9",
		"nagios-0000abcd-5-9" };
	struct fixture *f = *state;

	submit(f, 5, 9, "x\n");
	step(f);
	for (size_t i = 0; i < array_size(others); i++) {
		char path[160];

		snprintf(path, sizeof(path), "%s/%s", f->folder, others[i]);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	assert_int_equal(command_file_class.resume(f->sink, NULL), LEFTOVER_NONE);
	assert_false(file_exists(f));
	for (size_t i = 0; i < array_size(others); i++)
		remove_file(f, others[i]);
}

static void a_folder_made_anew_while_the_gateway_was_away_proves_nothing(void **state)
{
	struct fixture *f = *state;
	struct progress left;

	start_core(f);
	submit(f, 5, 9, "x\n");
	step(f);
	restart_with(f, &left);
	remove_file(f, file_name);
	assert_int_equal(rmdir(f->folder), 0);
	assert_int_equal(mkdir(f->folder, 0770), 0); /* many file systems give it the same inode */
	assert_int_equal(command_file_class.resume(f->sink, &left), LEFTOVER_NONE);
}

static void a_file_that_was_never_named_to_the_core_is_removed(void **state)
{
	struct fixture *f = *state;

	submit(f, 5, 9, "x\n");
	step(f); /* written; without a core it was never issued */
	assert_true(file_exists(f));
	command_file_class.destroy(f->sink);
	make_sink(f);
	assert_int_equal(command_file_class.resume(f->sink, NULL), LEFTOVER_NONE);
	assert_false(file_exists(f));
}

static void a_folder_replaced_under_way_gets_the_file_again(void **state)
{
	struct fixture *f = *state;
	char kept[160];

	start_core(f);
	submit(f, 5, 9, "x\n");
	step(f);
	assert_true(commanded(f));
	snprintf(kept, sizeof(kept), "%s/kept", f->root);
	assert_int_equal(rename(f->folder, kept), 0);
	step_after(f, 600);
	assert_true(file_exists(f));
	assert_true(commanded(f));
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
	struct fixture *f = *state;
	int fd = open(f->folder, O_CREAT | O_WRONLY, 0600);

	close(fd);
	start_core(f);
	submit(f, 5, 9, "x\n");
	assert_int_equal(step(f), SINK_BUSY);
	assert_non_null(f->problem);
	unlink(f->folder);
	step_after(f, 250);
	assert_null(f->problem);
	assert_true(commanded(f));
}

static void a_folder_that_the_core_cannot_clear_is_not_used(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip(); /* only root can give the pipe to somebody else */
	start_core(f);
	assert_int_equal(chown(f->pipe, 12345, 0), 0);
	assert_int_equal(chown(f->root, 12345, 0), 0);
	submit(f, 5, 9, "x\n");
	step(f);
	assert_non_null(strstr(f->problem, "may not remove files"));
	assert_string_equal(read_pipe(f), "");
	assert_int_equal(chown(f->folder, 12345, 0), 0);
	step_after(f, 250);
	assert_null(f->problem);
	assert_true(commanded(f));
}

static void through_the_pipe_go_whole_lines_of_at_most_4096_bytes(void **state)
{
	struct fixture *f = *state;
	struct str text = { 0 };
	size_t got = 0, writes = 0;

	f->config.delivery = DELIVERY_PIPE;
	start_core(f);
	for (int i = 0; i < 100; i++)
		str_printf(&text, "[1] COMMAND;%0*d\n", 300 + i, i);
	submit(f, 5, 9, str_text(&text));
	assert_int_equal(step(f), SINK_DONE);
	for (; read_pipe(f)[0] != '\0'; writes++) {
		size_t n = strlen(f->command);

		assert_memory_equal(f->command, text.text + got, n);
		got += n;
	}
	assert_int_equal(got, text.len);
	str_finish(&text);
}

static void a_pipe_that_stays_full_is_named_and_works_again_when_read(void **state)
{
	struct fixture *f = *state;
	struct str text = { 0 };

	f->config.delivery = DELIVERY_PIPE;
	start_core(f);
	for (int i = 0; i < 30; i++)
		str_printf(&text, "[1] COMMAND;%0*d\n", 3000, i);
	submit(f, 5, 9, str_text(&text));
	assert_int_equal(step(f), SINK_BUSY);
	assert_null(f->problem);
	step_after(f, 1100);
	assert_non_null(strstr(f->problem, "is full"));
	while (step(f) == SINK_BUSY)
		assert_true(read(f->core, f->command, 4096) > 0);
	assert_null(f->problem);
	str_finish(&text);
}

static void a_full_pipe_is_waited_for_without_tearing_a_line(void **state)
{
	struct fixture *f = *state;
	struct pollfd fds[SINK_DESCRIPTORS];
	struct str text = { 0 }, got = { 0 };
	size_t n;

	f->config.delivery = DELIVERY_PIPE;
	start_core(f);
	for (int i = 0; i < 100; i++)
		str_printf(&text, "[1] COMMAND;%0*d\n", 3000, i);
	submit(f, 5, 9, str_text(&text));
	assert_int_equal(step(f), SINK_BUSY);
	n = command_file_class.descriptors(f->sink, fds);
	assert_int_equal(n, 1);
	assert_int_equal(fds[0].events, POLLOUT);
	assert_int_equal(poll(fds, n, 0), 0);
	while (step(f) == SINK_BUSY) {
		ssize_t r = read(f->core, f->command, 4096);

		assert_true(r > 0);
		str_append(&got, span_of(f->command, (size_t)r));
	}
	while (read_pipe(f)[0] != '\0')
		str_append_text(&got, f->command);
	assert_true(span_equal(str_span(&got), str_span(&text)));
	str_finish(&text);
	str_finish(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_batch_is_done_when_the_core_has_removed_its_file),
		TEST(a_missing_core_is_waited_for),
		TEST(a_silent_core_is_told_again),
		TEST(a_core_that_comes_back_is_told_at_once),
		TEST(a_pipe_replaced_behind_a_living_reader_is_noticed),
		TEST(what_is_no_pipe_is_never_written_to),
		TEST(a_pipe_of_a_stranger_is_refused),
		TEST(a_file_left_by_a_killed_gateway_is_offered_again),
		TEST(a_file_gone_while_the_gateway_was_away_had_arrived),
		TEST(a_file_that_the_core_never_heard_of_is_not_applied_when_gone),
		TEST(a_folder_gone_while_the_gateway_was_away_proves_nothing),
		TEST(a_file_removed_by_us_is_no_confirmation),
		TEST(a_folder_removed_meanwhile_is_made_anew),
		TEST(files_of_other_outputs_and_gateways_are_left_alone),
		TEST(a_folder_made_anew_while_the_gateway_was_away_proves_nothing),
		TEST(a_file_that_was_never_named_to_the_core_is_removed),
		TEST(a_folder_replaced_under_way_gets_the_file_again),
		TEST(a_folder_that_cannot_be_made_is_named),
		TEST(a_folder_that_the_core_cannot_clear_is_not_used),
		TEST(through_the_pipe_go_whole_lines_of_at_most_4096_bytes),
		TEST(a_pipe_that_stays_full_is_named_and_works_again_when_read),
		TEST(a_full_pipe_is_waited_for_without_tearing_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
