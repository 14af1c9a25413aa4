/* SPDX-License-Identifier: MIT */
/*
 * The files of batches and their folder, above all across restarts of the gateway.
 */
#include <sys/resource.h>

#include "tests/unit/gateway/output/command_file_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
