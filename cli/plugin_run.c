/* SPDX-License-Identifier: MIT */
#include "cli/plugin_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct child {
	pid_t pid;
	int pidfd;
	int output; /* its stdout; -1 when closed */
};

/* execvp() without its fallback to /bin/sh for files that are no programs. */
static void exec_search(char **argv)
{
	const char *path = getenv("PATH");
	struct span rest = span_of_text(path != NULL ? path : "/usr/local/bin:/usr/bin:/bin");
	int error = ENOENT;

	if (strchr(argv[0], '/') != NULL) {
		execv(argv[0], argv);
		return;
	}
	while (rest.data != NULL) {
		struct span folder = span_cut(&rest, ':');
		struct str file = { 0 };

		str_append(&file, folder);
		str_append_text(&file, folder.len > 0 ? "/" : "./");
		str_append_text(&file, argv[0]);
		execv(str_text(&file), argv);
		if (errno != ENOENT && errno != ENOTDIR)
			error = errno;
		str_finish(&file);
	}
	errno = error;
}

/* In the child. Only returns by ending it; why exec failed goes through `report`. */
static NO_RETURN void become_plugin(char **argv, pid_t parent, int output, int report)
{
	int null = open("/dev/null", O_RDONLY);
	int error;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0) {
		error = errno;
	} else {
		exec_search(argv);
		error = errno;
	}
	if (write(report, &error, sizeof(error)) < 0)
		_exit(2);
	_exit(1);
}

/* Returns 0 or -errno, also when the program could not be executed. */
static int start(char **argv, struct child *ret)
{
	int output[2], report[2];
	pid_t parent = getpid();
	int error = 0;

	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(report, O_CLOEXEC) < 0) {
		error = errno;
		close(output[0]);
		close(output[1]);
		return -error;
	}
	*ret = (struct child){ fork(), -1, output[0] };
	if (ret->pid == 0)
		become_plugin(argv, parent, output[1], report[1]);
	if (ret->pid < 0)
		error = errno;
	close(output[1]);
	close(report[1]);
	/* The pipe closes with a successful exec: nothing to read then. */
	if (ret->pid > 0) {
		setpgid(ret->pid, ret->pid);
		if (read(report[0], &error, sizeof(error)) == sizeof(error))
			waitpid(ret->pid, NULL, 0);
		else
			ret->pidfd = pidfd_open(ret->pid, 0);
	}
	close(report[0]);
	if (error == 0)
		return 0;
	close(output[0]);
	return -error;
}

/* Read once. False when the pipe is at its end or has nothing now. */
static bool read_some(struct child *c, struct plugin_run *run)
{
	char buffer[16384];
	ssize_t n = read(c->output, buffer, sizeof(buffer));
	size_t room = MAX_PLUGIN_OUTPUT - run->output.len;

	if (n < 0)
		return errno == EINTR;
	if (n == 0) {
		close(c->output);
		c->output = -1;
		return false;
	}
	if ((size_t)n > room)
		run->was_cut = true;
	str_append(&run->output, span_of(buffer, (size_t)n < room ? (size_t)n : room));
	return true;
}

/*
 * Read until the plugin has ended, not until its output is closed: something it left in the
 * background may hold that open. False when time is over.
 */
static bool follow(struct child *c, struct instant deadline, struct plugin_run *run)
{
	for (;;) {
		struct pollfd fds[] = { { c->pidfd, POLLIN, 0 }, { c->output, POLLIN, 0 } };
		struct duration left = instant_between(instant_now(), deadline);

		if (left.ns <= 0)
			return false;
		if (poll(fds, 2, (int)duration_milliseconds(left) + 1) < 0 && errno != EINTR)
			return false;
		if (fds[0].revents != 0)
			break;
		if (fds[1].revents != 0)
			read_some(c, run);
	}
	if (c->output >= 0) {
		fcntl(c->output, F_SETFL, O_NONBLOCK);
		while (run->output.len < MAX_PLUGIN_OUTPUT && read_some(c, run))
			;
	}
	return true;
}

/* Put `sentence` in front of what was printed, as a line of its own. */
static void say(struct plugin_run *run, const char *sentence)
{
	struct str printed = run->output;

	run->exit_code = -1;
	run->output = (struct str){ 0 };
	str_append_text(&run->output, sentence);
	if (printed.len > 0) {
		str_append_byte(&run->output, '\n');
		str_append(&run->output, str_span(&printed));
	}
	str_finish(&printed);
}

static void judge(struct plugin_run *run, const char *program, int status, bool in_time,
		struct duration timeout)
{
	struct str sentence = { 0 };

	if (!in_time)
		str_printf(&sentence, "plugin %s did not end within %.0f s and was killed", program,
				duration_seconds(timeout));
	else if (WIFSIGNALED(status))
		str_printf(&sentence, "plugin %s was killed by signal %d (%s)", program,
				WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		run->exit_code = WEXITSTATUS(status);
	if (sentence.len > 0)
		say(run, str_text(&sentence));
	str_finish(&sentence);
}

void plugin_run(char **argv, struct duration timeout, struct plugin_run *ret)
{
	struct instant deadline = instant_after(instant_now(), timeout);
	struct child child = { .pid = -1, .pidfd = -1, .output = -1 };
	bool in_time;
	int status = -1;
	int error;

	plugin_run_finish(ret);
	/* Inherited as ignored, it would have the kernel throw the exit code away. */
	signal(SIGCHLD, SIG_DFL);
	error = start(argv, &child);
	if (error < 0) {
		str_printf(&ret->output, "cannot run plugin %s: %s", argv[0], strerror(-error));
		ret->exit_code = -1;
		return;
	}
	in_time = follow(&child, deadline, ret);
	if (!in_time)
		kill(-child.pid, SIGKILL);
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (child.output >= 0)
		close(child.output);
	close(child.pidfd);
	judge(ret, argv[0], status, in_time, timeout);
}

void plugin_run_finish(struct plugin_run *run)
{
	str_finish(&run->output);
	*run = (struct plugin_run){ 0 };
}
