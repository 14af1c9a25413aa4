/* SPDX-License-Identifier: MIT */
#include "cli/demo_processes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/span.h"

enum { TAIL_LINES = 12, PATIENCE_SECONDS = 3 };

const char *const demo_program_names[DEMO_PROGRAMS] = {
	[DEMO_BROKER] = "belfry-broker",
	[DEMO_NAGIOS] = "Nagios",
	[DEMO_GATEWAY] = "belfry-gateway",
};

static const char *const log_names[DEMO_PROGRAMS] = {
	[DEMO_BROKER] = "broker.log",
	[DEMO_NAGIOS] = "nagios.out",
	[DEMO_GATEWAY] = "gateway.log",
};

/* In the order of preference. */
static const char *const nagios_paths[] = { "/usr/sbin/nagios4", "/usr/sbin/nagios",
	"/usr/local/nagios/bin/nagios", "/usr/bin/naemon", "/usr/sbin/naemon" };

extern char **environ;

void processes_init(struct processes *p)
{
	*p = (struct processes){ 0 };
	for (size_t i = 0; i < DEMO_PROGRAMS; i++)
		p->list[i].program = -1;
}

static bool try_program(struct process *process, const char *path)
{
	if (access(path, X_OK) < 0)
		return false;
	process->program = open(path, O_PATH | O_CLOEXEC);
	if (process->program < 0)
		return false;
	process->path = xstrdup(path);
	return true;
}

static bool find_own(struct process *process, const char *name, struct str *problem)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct str path = { 0 };
	bool found;

	self[len > 0 ? len : 0] = '\0';
	if (len > 0 && strrchr(self, '/') != NULL)
		*strrchr(self, '/') = '\0';
	str_printf(&path, "%s/%s", self, name);
	found = try_program(process, str_text(&path));
	if (!found) { /* as installed: bin/belfry, sbin/belfry-broker */
		str_clear(&path);
		str_printf(&path, "%s/../sbin/%s", self, name);
		found = try_program(process, str_text(&path));
	}
	if (!found)
		str_printf(problem, "there is no %s in %s; build it with: make", name, self);
	str_finish(&path);
	return found;
}

bool processes_find(struct processes *p, struct str *problem)
{
	struct process *nagios = &p->list[DEMO_NAGIOS];

	if (!find_own(&p->list[DEMO_BROKER], "belfry-broker", problem) ||
			!find_own(&p->list[DEMO_GATEWAY], "belfry-gateway", problem))
		return false;
	for (size_t i = 0; nagios->path == NULL && i < array_size(nagios_paths); i++)
		try_program(nagios, nagios_paths[i]);
	if (nagios->path != NULL)
		return true;
	str_append_text(problem, "Nagios Core is not installed (no /usr/sbin/nagios4); install it "
				 "with: make deps");
	return false;
}

/*
 * Only Nagios can end what Nagios has started: its worker does not notice when it is killed.
 * SIGTERM lets it do that.
 */
static int signal_of_death(enum demo_program which)
{
	return which == DEMO_NAGIOS ? SIGTERM : SIGKILL;
}

static NO_RETURN void become(const struct process *process, const struct world *w, pid_t parent,
		int death, const char *option, const char *config)
{
	char *with_option[] = { process->path, (char *)(uintptr_t)option, (char *)(uintptr_t)config,
		NULL };
	char *without[] = { process->path, (char *)(uintptr_t)config, NULL };
	int null = open("/dev/null", O_RDONLY);
	int log = open(process->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, death);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || log < 0 || chdir(w->folder) < 0 || dup2(null, STDIN_FILENO) < 0 ||
			dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		_exit(1);
	fexecve(process->program, option != NULL ? with_option : without, environ);
	fprintf(stderr, "%s cannot be run: %s\n", process->path, strerror(errno));
	_exit(1);
}

bool processes_start(struct processes *p, enum demo_program which, const struct world *w,
		struct str *problem)
{
	static const char *const configs[DEMO_PROGRAMS] = { "broker.conf", "nagios.cfg",
		"gateway.conf" };
	struct process *process = &p->list[which];
	AUTO_FREE char *config = world_path(w, configs[which]);
	pid_t parent = getpid();

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	process->log = world_path(w, log_names[which]);
	process->pid = fork();
	if (process->pid == 0)
		become(process, w, parent, signal_of_death(which),
				which == DEMO_NAGIOS ? NULL : "-c", config);
	if (process->pid > 0) {
		setpgid(process->pid, process->pid);
		return true;
	}
	process->pid = 0;
	str_printf(problem, "%s cannot be started: %s", demo_program_names[which], strerror(errno));
	return false;
}

bool processes_reap(struct processes *p)
{
	bool one_of_ours = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < DEMO_PROGRAMS; i++) {
			struct process *process = &p->list[i];

			if (process->pid != pid)
				continue;
			process->pid = 0;
			process->has_ended = true;
			process->status = status;
			one_of_ours = true;
		}
	}
	return one_of_ours;
}

/* The last lines of a file, each indented. */
static void append_tail(struct str *into, const char *path)
{
	FILE *f = fopen(path, "re");
	char text[8192];
	size_t len, start, lines = 0;

	if (f == NULL)
		return;
	if (fseek(f, -(long)sizeof(text) + 1, SEEK_END) < 0)
		rewind(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	for (start = len; start > 0; start--) {
		if (text[start - 1] == '\n' && start < len && ++lines == TAIL_LINES)
			break;
	}
	str_printf(into, "end of %s:%s\n", path, len == 0 ? " (empty)" : "");
	for (struct span rest = span_of(text + start, len - start); rest.data != NULL;) {
		struct span line = span_cut(&rest, '\n');

		if (line.len == 0)
			continue;
		str_append_text(into, "    ");
		str_append_escaped(into, line);
		str_append_byte(into, '\n');
	}
}

void processes_diagnose(const struct processes *p, const struct world *w, struct str *into)
{
	AUTO_FREE char *nagios_log = world_path(w, "nagios.log");
	bool all_run = true;

	for (size_t i = 0; i < DEMO_PROGRAMS; i++) {
		const struct process *process = &p->list[i];

		if (!process->has_ended)
			continue;
		all_run = false;
		if (WIFSIGNALED(process->status))
			str_printf(into, "%s was killed by signal %d (%s)\n", demo_program_names[i],
					WTERMSIG(process->status),
					strsignal(WTERMSIG(process->status)));
		else
			str_printf(into, "%s ended with exit code %d\n", demo_program_names[i],
					WEXITSTATUS(process->status));
		append_tail(into, process->log);
		if (i == DEMO_NAGIOS)
			append_tail(into, nagios_log);
	}
	if (!all_run)
		return;
	str_append_text(into, "all programs that were started are running\n");
	for (size_t i = 0; i < DEMO_PROGRAMS; i++) {
		if (p->list[i].log != NULL)
			append_tail(into, p->list[i].log);
	}
	append_tail(into, nagios_log);
}

static void signal_all(const struct processes *p, int number, bool groups)
{
	/* Gateway first: what it has taken it can still hand over. */
	for (size_t i = DEMO_PROGRAMS; i-- > 0;) {
		if (p->list[i].pid > 0)
			kill(groups ? -p->list[i].pid : p->list[i].pid, number);
	}
}

/* Kill whoever is our child, also what was adopted because its parent has ended. */
static void kill_children(void)
{
	char path[64], word[24];
	uint64_t pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (fscanf(f, "%23s", word) == 1) {
		if (span_to_uint(span_of_text(word), INT_MAX, &pid))
			kill((pid_t)pid, SIGKILL);
	}
	fclose(f);
}

/* Wait until we have no child. False when time is over. */
static bool wait_for_all(struct duration patience)
{
	struct instant deadline = instant_after(instant_now(), patience);

	while (!instant_reached(deadline, instant_now())) {
		struct timespec pause = { 0, 5000000 };
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid == 0)
			nanosleep(&pause, NULL);
	}
	return false;
}

void processes_stop(struct processes *p)
{
	signal_all(p, SIGTERM, false);
	if (!wait_for_all(seconds(PATIENCE_SECONDS))) {
		signal_all(p, SIGKILL, true);
		/* Each round may orphan others, which become ours. */
		for (int round = 0; round < 20; round++) {
			kill_children();
			if (wait_for_all(milliseconds(100)))
				break;
		}
	}
	for (size_t i = 0; i < DEMO_PROGRAMS; i++) {
		if (p->list[i].program >= 0)
			close(p->list[i].program);
		free(p->list[i].path);
		free(p->list[i].log);
	}
	processes_init(p);
}
