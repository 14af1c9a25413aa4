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

static bool write_all(int fd, struct span text)
{
	return fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len;
}

/* What it starts with. The files stay until its end: a reload reads them again. */
static bool write_config(struct server *s, struct span config, struct span acl)
{
	AUTO_CLOSE int config_fd = create_file(s->config_file);
	AUTO_CLOSE int acl_fd = -1;
	struct str text = { 0 };
	bool good = true;

	if (acl.data != NULL) {
		acl_fd = create_file(s->acl_file);
		str_printf(&text, "acl_file %s\n", s->acl_file);
		good = write_all(acl_fd, acl);
	}
	if (s->is_durable) {
		snprintf(s->store, sizeof(s->store), "/tmp/converse-XXXXXX");
		good = good && mkdtemp(s->store) != NULL;
		str_printf(&text, "persistence true\npersistence_location %s\n", s->store);
	}
	str_append(&text, config);
	good = good && write_all(config_fd, str_span(&text));
	str_finish(&text);
	return good;
}

/* The store is a folder of files. */
static void remove_store(struct server *s)
{
	static const char *const files[] = { "data.mdb", "lock.mdb", "broker.lock", "" };
	char path[96];

	for (size_t i = 0; s->store[0] != '\0' && i < array_size(files); i++) {
		snprintf(path, sizeof(path), "%s/belfry.store/%s", s->store, files[i]);
		remove(path);
	}
	remove(s->store);
	s->store[0] = '\0';
}

static bool launch(struct server *s)
{
	AUTO_CLOSE int log = create_file(s->log);

	if (log < 0)
		return false;
	s->pid = fork();
	if (s->pid == 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		execl(s->binary, s->binary, "-c", s->config_file, (char *)NULL);
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

bool server_run(struct server *s, struct span config, struct span acl, struct str *problem)
{
	bool good;

	if (s->pid > 0 && acl.data == NULL && s->acl_file[0] == '\0' &&
			span_equal(config, str_span(&s->config)))
		return true;
	if (!server_stop(s, problem))
		return false;
	str_append(&s->config, config);
	good = write_config(s, config, acl) && launch(s) && wait_for_port(s);
	if (!good) {
		str_printf(problem, "%s does not start: ", s->binary);
		read_file(s->log, problem);
		server_stop(s, problem);
	}
	return good;
}

/* 1: it has taken it, -1: it has not, 0: it has said nothing yet behind `from`. */
static int find_outcome(const struct server *s, size_t from)
{
	struct str said = { 0 };
	int outcome = 0;

	read_file(s->log, &said);
	if (said.len > from && strstr(said.text + from, "is in effect\n") != NULL)
		outcome = 1;
	else if (said.len > from && strstr(said.text + from, "stays as it was\n") != NULL)
		outcome = -1;
	str_finish(&said);
	return outcome;
}

bool server_reload_acl(struct server *s, struct span acl, struct str *problem)
{
	AUTO_CLOSE int fd = open(s->acl_file, O_WRONLY | O_TRUNC | O_CLOEXEC);
	struct str said = { 0 };
	int outcome = write_all(fd, acl) ? 0 : -1;
	size_t from;

	read_file(s->log, &said);
	from = said.len;
	str_finish(&said);
	if (outcome == 0)
		kill(s->pid, SIGHUP);
	for (int i = 0; i < START_TRIES && outcome == 0; i++) {
		nap();
		outcome = find_outcome(s, from);
	}
	if (outcome != 1)
		str_append_text(problem, "the broker does not reload its rules");
	return outcome == 1;
}

static void remove_file(char path[32])
{
	if (path[0] != '\0')
		unlink(path);
	path[0] = '\0';
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
	remove_file(s->log);
	remove_file(s->config_file);
	remove_file(s->acl_file);
	remove_store(s);
	str_finish(&s->config);
	return status == 0;
}
