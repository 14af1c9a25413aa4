/* SPDX-License-Identifier: MIT */
/*
 * The core, its pipe, and lines that go through it.
 */
#include "tests/unit/gateway/output/command_file_rig.h"

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
		TEST(through_the_pipe_go_whole_lines_of_at_most_4096_bytes),
		TEST(a_pipe_that_stays_full_is_named_and_works_again_when_read),
		TEST(a_full_pipe_is_waited_for_without_tearing_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
