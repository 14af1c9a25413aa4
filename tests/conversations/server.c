/* SPDX-License-Identifier: MIT */
#include "tests/conversations/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

enum { START_TRIES = 1000, STEP_MS = 10, MAX_LOG_SHOWN = 8000 };

static void nap(void)
{
	struct timespec t = { .tv_nsec = STEP_MS * 1000000L };

	nanosleep(&t, NULL);
}

/* What the file holds, appended to `into`. */
static void read_file(const char *path, struct str *into)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buffer[4096];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0)
		str_append(into, span_of(buffer, (size_t)n));
}

/* A new file in /tmp; returns its descriptor and its name, or -1. */
static int create_file(char path[32])
{
	snprintf(path, 32, "/tmp/converse-XXXXXX");
	return mkstemp(path);
}

static bool write_config(struct span config, char path[32])
{
	AUTO_CLOSE int fd = create_file(path);

	return fd >= 0 && write(fd, config.data, config.len) == (ssize_t)config.len;
}

static bool launch(struct server *s, const char *config_file)
{
	AUTO_CLOSE int log = create_file(s->log);

	if (log < 0)
		return false;
	s->pid = fork();
	if (s->pid == 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		execl(s->binary, s->binary, "-c", config_file, (char *)NULL);
		_exit(127);
	}
	return s->pid > 0;
}

/* "Opening listen socket on 127.0.0.1:44595", once "running" follows. */
static bool find_port(struct server *s)
{
	static const char before[] = "listen socket on 127.0.0.1:";
	struct str said = { 0 };
	const char *at;

	read_file(s->log, &said);
	at = strstr(str_text(&said), before);
	if (at != NULL && strstr(at, "running") != NULL)
		snprintf(s->port, sizeof(s->port), "%.*s",
				(int)strspn(at + sizeof(before) - 1, "0123456789"),
				at + sizeof(before) - 1);
	str_finish(&said);
	return s->port[0] != '\0';
}

static bool wait_for_port(struct server *s)
{
	s->port[0] = '\0';
	for (int i = 0; i < START_TRIES; i++) {
		if (find_port(s))
			return true;
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
			s->pid = 0;
			return false;
		}
		nap();
	}
	return false;
}

bool server_run(struct server *s, struct span config, struct str *problem)
{
	char config_file[32];
	bool good;

	if (s->pid > 0 && span_equal(config, str_span(&s->config)))
		return true;
	if (!server_stop(s, problem))
		return false;
	str_append(&s->config, config);
	good = write_config(config, config_file) && launch(s, config_file) && wait_for_port(s);
	unlink(config_file);
	if (!good) {
		str_printf(problem, "%s does not start: ", s->binary);
		read_file(s->log, problem);
		server_stop(s, problem);
	}
	return good;
}

bool server_stop(struct server *s, struct str *problem)
{
	int status = 0;

	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	s->pid = 0;
	if (status != 0) {
		struct str said = { 0 };

		read_file(s->log, &said);
		str_printf(problem, "%s ended with status 0x%x:\n%s", s->binary, (unsigned)status,
				str_text(&said) +
						(said.len > MAX_LOG_SHOWN ? said.len - MAX_LOG_SHOWN
									  : 0));
		str_finish(&said);
	}
	if (s->log[0] != '\0')
		unlink(s->log);
	s->log[0] = '\0';
	str_finish(&s->config);
	return status == 0;
}
