/* SPDX-License-Identifier: MIT */
#include "plugins/exec/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "tests/unit/unit.h"

enum { LONG_MS = 10000 };

/* All that it writes to a pipe until it closes it. */
static void read_all(int fd, struct str *into)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char bytes[4096];
	ssize_t n;

	do {
		assert_int_equal(poll(&ready, 1, LONG_MS), 1);
		n = read(fd, bytes, sizeof(bytes));
		if (n > 0)
			str_append(into, span_of(bytes, (size_t)n));
	} while (n > 0);
}

static struct program start(const char *script)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct program p;

	assert_int_equal(program_start(&p, argv, true), 0);
	assert_true(program_runs(&p));
	return p;
}

static void assert_end(struct program *p, int patience_ms, const char *expected)
{
	struct str how = { 0 };

	program_stop(p, patience_ms, &how);
	assert_string_equal(str_text(&how), expected);
	assert_false(program_runs(p));
	close(p->errors);
	str_finish(&how);
}

static void it_reads_and_writes(void **state)
{
	struct program p = start("read line; echo \"got $line\"; echo oops >&2; exit 3");
	struct str out = { 0 }, errors = { 0 };

	(void)state;
	assert_int_equal(write(p.in, "text\n", 5), 5);
	read_all(p.out, &out);
	read_all(p.errors, &errors);
	assert_string_equal(str_text(&out), "got text\n");
	assert_string_equal(str_text(&errors), "oops\n");
	assert_end(&p, LONG_MS, "exited with status 3");
	str_finish(&out);
	str_finish(&errors);
}

/*
 * The set of signals after "SigIgn:". The C library keeps 32 and 33 to itself: nobody can set them,
 * and whatever its posix_spawn() has started, as make does, ignores them.
 */
static uint64_t ignored(const char *status)
{
	const char *at = strstr(status, "SigIgn:\t");

	assert_non_null(at);
	return strtoull(at + strlen("SigIgn:\t"), NULL, 16) & ~(UINT64_C(3) << 31);
}

/* Neither descriptors nor variables nor ignored signals are passed on. */
static void it_inherits_nothing(void **state)
{
	int fd = open("/dev/null", O_RDONLY); /* not O_CLOEXEC */
	struct str out = { 0 };
	struct program p;

	(void)state;
	setenv("SECRET", "x", 1);
	signal(SIGUSR1, SIG_IGN);
	p = start("echo /proc/self/fd/*; /usr/bin/env | cut -d= -f1 | sort | tr '\\n' ' '; pwd;"
		  "grep -E 'SigIgn|SigBlk' /proc/self/status; kill -USR1 $$; echo still here");
	read_all(p.out, &out);
	assert_non_null(strstr(str_text(&out), "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2"));
	assert_null(strstr(str_text(&out), "fd/4"));
	assert_null(strstr(str_text(&out), "SECRET"));
	assert_non_null(strstr(str_text(&out), "LANG"));
	assert_non_null(strstr(str_text(&out), "PATH"));
	assert_non_null(strstr(str_text(&out), "SigBlk:\t0000000000000000"));
	assert_int_equal(ignored(str_text(&out)), 0);
	assert_null(strstr(str_text(&out), "still here"));
	assert_end(&p, LONG_MS, "was ended by signal 10 (User defined signal 1)");
	signal(SIGUSR1, SIG_DFL);
	str_finish(&out);
	close(fd);
}

/* Its standard error is open for as long as one of them lives. */
static void it_ends_with_all_that_it_started(void **state)
{
	struct program p = start("trap '' TERM; sleep 1000 & echo >&2; wait; sleep 1000");
	struct pollfd ready = { .fd = p.errors, .events = POLLIN };
	struct str how = { 0 };
	char byte;

	(void)state;
	assert_int_equal(poll(&ready, 1, LONG_MS), 1);
	assert_int_equal(read(p.errors, &byte, 1), 1);
	program_stop(&p, 50, &how);
	assert_string_equal(str_text(&how), "was ended by signal 9 (Killed)");
	assert_int_equal(poll(&ready, 1, LONG_MS), 1);
	assert_int_equal(read(p.errors, &byte, 1), 0);
	close(p.errors);
	str_finish(&how);
}

static void sigterm_comes_first(void **state)
{
	struct program p = start("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
	struct pollfd ready = { .fd = p.out, .events = POLLIN };

	(void)state;
	assert_int_equal(poll(&ready, 1, LONG_MS), 1);
	assert_end(&p, 2000, "exited with status 7");
}

static void what_cannot_be_executed_is_known_at_once(void **state)
{
	struct program p;

	(void)state;
	assert_int_equal(program_start(&p, (const char *const[]){ "/no/such", NULL }, true),
			-ENOENT);
	assert_int_equal(program_start(&p, (const char *const[]){ "/etc/passwd", NULL }, true),
			-EACCES);
	assert_int_equal(program_start(&p, (const char *const[]){ "/etc", NULL }, false), -EACCES);
	assert_false(program_runs(&p));
	assert_int_equal(p.in, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_reads_and_writes),
		cmocka_unit_test(it_inherits_nothing),
		cmocka_unit_test(it_ends_with_all_that_it_started),
		cmocka_unit_test(sigterm_comes_first),
		cmocka_unit_test(what_cannot_be_executed_is_known_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
