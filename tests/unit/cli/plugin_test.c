/* SPDX-License-Identifier: MIT */
/*
 * Taking a plugin's output apart, and running plugins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "cli/plugin_output.h"
#include "cli/plugin_run.h"

static void expect_split(
		const char *text, const char *output, const char *long_output, const char *perfdata)
{
	struct plugin_output o = { 0 };

	plugin_output_split(span_of_text(text), &o);
	assert_true(span_equal_text(o.output, output));
	assert_true(span_equal_text(o.long_output, long_output));
	assert_string_equal(str_text(&o.perfdata), perfdata);
	plugin_output_finish(&o);
}

static void test_split(void **unused)
{
	(void)unused;
	expect_split("", "", "", "");
	expect_split("OK", "OK", "", "");
	expect_split("  OK - fine \r\n", "OK - fine", "", "");
	expect_split("OK | a=1;2;3 \n", "OK", "", "a=1;2;3");
	expect_split("| a=1", "", "", "a=1");
	expect_split("OK\nl1\n  l2\n", "OK", "l1\n  l2", "");
	expect_split("OK | a=1\nl1\nl2 | b=2\nc=3\n\nd=4\n", "OK", "l1\nl2", "a=1 b=2 c=3 d=4");
	expect_split("OK\n| b=2", "OK", "", "b=2");
	expect_split("OK | a='x|y'", "OK", "", "a='x|y'");
}

static struct plugin_run run_shell(const char *script, struct duration timeout)
{
	char *argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t)script, NULL };
	struct plugin_run run = { 0 };

	plugin_run(argv, timeout, &run);
	return run;
}

static void expect_run(const char *script, int exit_code, const char *output)
{
	struct plugin_run run = run_shell(script, seconds(10));

	assert_int_equal(run.exit_code, exit_code);
	assert_string_equal(str_text(&run.output), output);
	plugin_run_finish(&run);
}

static void test_run(void **unused)
{
	(void)unused;
	expect_run("echo hi; exit 2", 2, "hi\n");
	expect_run("exit 77", 77, "");
	expect_run("cat; echo done", 0, "done\n"); /* stdin is empty */
	expect_run("kill -9 $$", -1, "plugin sh was killed by signal 9 (Killed)");
}

/* Cron daemons and supervisors start programs with SIGCHLD ignored: no exit code is kept then. */
static void test_run_by_one_who_ignores_children(void **unused)
{
	(void)unused;
	signal(SIGCHLD, SIG_IGN);
	expect_run("exit 2", 2, "");
	signal(SIGCHLD, SIG_DFL);
}

static void test_cannot_run(void **unused)
{
	char *missing[] = { (char *)(uintptr_t) "/nonexistent/check", NULL };
	char *not_executable[] = { (char *)(uintptr_t) "/etc/passwd", NULL };
	struct plugin_run run = { 0 };

	(void)unused;
	plugin_run(missing, seconds(5), &run);
	assert_int_equal(run.exit_code, -1);
	assert_string_equal(str_text(&run.output),
			"cannot run plugin /nonexistent/check: No such file or directory");
	plugin_run(not_executable, seconds(5), &run);
	assert_int_equal(run.exit_code, -1);
	assert_non_null(strstr(str_text(&run.output), "cannot run plugin /etc/passwd"));
	plugin_run_finish(&run);
}

static void test_timeout_kills_the_group(void **unused)
{
	struct instant start = instant_now();
	struct plugin_run run = run_shell("echo part; sleep 20 & sleep 20", milliseconds(200));

	(void)unused;
	assert_int_equal(run.exit_code, -1);
	assert_non_null(strstr(str_text(&run.output), "did not end within"));
	assert_non_null(strstr(str_text(&run.output), "\npart\n"));
	assert_true(instant_between(start, instant_now()).ns < seconds(5).ns);
	plugin_run_finish(&run);
}

/* A process left behind holds stdout open; the plugin has ended all the same. */
static void test_background(void **unused)
{
	struct instant start = instant_now();
	struct plugin_run run = run_shell("sleep 3 & echo hi", seconds(20));

	(void)unused;
	assert_int_equal(run.exit_code, 0);
	assert_string_equal(str_text(&run.output), "hi\n");
	assert_true(instant_between(start, instant_now()).ns < seconds(2).ns);
	plugin_run_finish(&run);
}

static void test_large_output(void **unused)
{
	struct plugin_run run = run_shell("head -c 3000000 /dev/zero | tr '\\0' x", seconds(20));

	(void)unused;
	assert_int_equal(run.exit_code, 0);
	assert_true(run.was_cut);
	assert_int_equal(run.output.len, MAX_PLUGIN_OUTPUT);
	plugin_run_finish(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_run_by_one_who_ignores_children),
		cmocka_unit_test(test_cannot_run),
		cmocka_unit_test(test_timeout_kills_the_group),
		cmocka_unit_test(test_background),
		cmocka_unit_test(test_large_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
