/* SPDX-License-Identifier: MIT */
#include "plugins/exec/program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { FREE_FROM = 10, KEPT = 4 }; /* descriptors of the child */

/* Both ends of the three pipes, and of one that says why the program cannot be executed. */
struct ends {
	int in[2], out[2], errors[2], failure[2];
};

static void close_pair(int pair[2])
{
	close_fd_at(&pair[0]);
	close_fd_at(&pair[1]);
}

static void close_ends(struct ends *e)
{
	close_pair(e->in);
	close_pair(e->out);
	close_pair(e->errors);
	close_pair(e->failure);
}

static bool open_ends(struct ends *e)
{
	*e = (struct ends){ { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	return pipe2(e->in, O_CLOEXEC) == 0 && pipe2(e->out, O_CLOEXEC) == 0 &&
	       pipe2(e->errors, O_CLOEXEC) == 0 && pipe2(e->failure, O_CLOEXEC) == 0;
}

/* --- the child ----------------------------------------------------------------------------- */
/* Between fork and exec only what is safe in a signal handler: other threads held locks. */

/* Descriptors 0 to 3 are what the arguments say; there are no others. */
static bool place_descriptors(int in, int out, int errors, int failure)
{
	int wanted[KEPT] = { in, out, errors, failure };

	for (int i = 0; i < KEPT; i++) {
		wanted[i] = fcntl(wanted[i], F_DUPFD, FREE_FROM);
		if (wanted[i] < 0)
			return false;
	}
	for (int i = 0; i < KEPT; i++) {
		if (dup2(wanted[i], i) < 0)
			return false;
	}
	return fcntl(KEPT - 1, F_SETFD, FD_CLOEXEC) == 0 &&
	       syscall(SYS_close_range, KEPT, ~0U, 0) == 0;
}

static void default_signals(void)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int n = 1; n < NSIG; n++)
		sigaction(n, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become(const struct ends *e, const char *const argv[], char *const environment[],
		bool wants_output, pid_t parent)
{
	int nowhere = wants_output ? -1 : open("/dev/null", O_WRONLY);
	int failure = e->failure[1];
	int error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127); /* too late for that signal */
	if (place_descriptors(
			    e->in[0], wants_output ? e->out[1] : nowhere, e->errors[1], failure)) {
		failure = KEPT - 1;
		setsid();
		default_signals();
		if (chdir("/") == 0)
			execve(argv[0], (char *const *)(uintptr_t)argv, environment);
	}
	error = errno;
	_exit(write(failure, &error, sizeof(error)) < 0 ? 126 : 127);
}

/* --- the parent ---------------------------------------------------------------------------- */

/* 0 when the exec has closed the pipe. */
static int failure_of(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(error) ? -error : 0;
}

static int adopt(struct program *p, struct ends *e, bool wants_output)
{
	int error;

	close_fd_at(&e->failure[1]);
	e->failure[1] = -1;
	error = failure_of(e->failure[0]);
	p->pidfd = error == 0 ? (int)syscall(SYS_pidfd_open, p->pid, 0) : -1;
	if (error == 0 && p->pidfd < 0)
		error = -errno;
	if (error < 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
		*p = PROGRAM_NONE;
		return error;
	}
	p->in = take_fd(&e->in[1]);
	p->out = wants_output ? take_fd(&e->out[0]) : -1;
	p->errors = take_fd(&e->errors[0]);
	for (size_t i = 0; i < 3; i++) {
		int fd = (int[]){ p->in, p->out, p->errors }[i];

		if (fd >= 0)
			fcntl(fd, F_SETFL, O_NONBLOCK);
	}
	return 0;
}

/* "NAME=value", ours or, without one, `otherwise`. */
static char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	struct str text = { 0 };

	str_printf(&text, "%s=%s", name, value != NULL ? value : otherwise);
	return str_take(&text);
}

int program_start(struct program *p, const char *const argv[], bool wants_output)
{
	char *environment[] = { variable("PATH", "/usr/local/bin:/usr/bin:/bin"),
		variable("LANG", "C.UTF-8"), NULL };
	pid_t parent = getpid();
	struct ends e;
	int r = open_ends(&e) ? 0 : -errno;

	*p = PROGRAM_NONE;
	if (r == 0) {
		p->pid = fork();
		if (p->pid == 0)
			become(&e, argv, environment, wants_output, parent);
		r = p->pid < 0 ? -errno : adopt(p, &e, wants_output);
	}
	close_ends(&e);
	free(environment[0]);
	free(environment[1]);
	return r;
}

static bool ends_within(const struct program *p, int milliseconds)
{
	struct pollfd ended = { .fd = p->pidfd, .events = POLLIN };

	return poll(&ended, 1, milliseconds) > 0;
}

static void describe(const siginfo_t *end, struct str *how)
{
	if (end->si_code == CLD_EXITED)
		str_printf(how, "exited with status %d", end->si_status);
	else
		str_printf(how, "was ended by signal %d (%s)", end->si_status,
				sigdescr_np(end->si_status));
}

void program_stop(struct program *p, int patience_ms, struct str *how)
{
	siginfo_t end = { 0 };

	close_fd_at(&p->in);
	close_fd_at(&p->out);
	if (patience_ms > 0 && !ends_within(p, patience_ms)) {
		kill(-p->pid, SIGTERM);
		ends_within(p, patience_ms);
	}
	/* Before it is waited for: its number is that of the group for as long. */
	kill(-p->pid, SIGKILL);
	if (waitid(P_PID, (id_t)p->pid, &end, WEXITED) == 0)
		describe(&end, how);
	close_fd_at(&p->pidfd);
	*p = (struct program){ -1, -1, -1, -1, p->errors };
}
