/* SPDX-License-Identifier: MIT */
/*
 * The log is the one thing in belfry with file-scope state: a process has one log. log_open() is
 * called at start and on reload, by the main thread.
 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "common/clock.h"

enum { MAX_LINE = 2048 };

static struct {
	int fd;
	bool to_syslog;
	bool silent;
	bool timestamps;
	bool systemd_levels;
	unsigned types;
} sink = { .fd = STDERR_FILENO, .types = LOG_TYPES_DEFAULT };

static const struct {
	enum log_type type;
	const char *word; /* what a person sees in front of the line */
	int priority;
} levels[] = {
	{ LOG_TYPE_ERROR, "error: ", LOG_ERR },
	{ LOG_TYPE_WARNING, "warning: ", LOG_WARNING },
	{ LOG_TYPE_NOTICE, "", LOG_NOTICE },
	{ LOG_TYPE_INFORMATION, "", LOG_INFO },
	{ LOG_TYPE_SUBSCRIBE, "", LOG_INFO },
	{ LOG_TYPE_UNSUBSCRIBE, "", LOG_INFO },
	{ LOG_TYPE_DEBUG, "debug: ", LOG_DEBUG },
};

static size_t level_of(enum log_type type)
{
	for (size_t i = 0; i < array_size(levels); i++) {
		if (levels[i].type == type)
			return i;
	}
	return 0;
}

static int open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

	return fd < 0 ? -errno : fd;
}

bool log_destination_parse(const char *text, enum log_destination *ret, const char **ret_file)
{
	static const struct {
		const char *word;
		enum log_destination destination;
	} words[] = { { "stderr", LOG_TO_STDERR }, { "stdout", LOG_TO_STDOUT },
		{ "syslog", LOG_TO_SYSLOG }, { "none", LOG_TO_NONE } };

	if (strncmp(text, "file ", 5) == 0) {
		*ret = LOG_TO_FILE;
		*ret_file = text + 5 + strspn(text + 5, " \t");
		return **ret_file == '/';
	}
	for (size_t i = 0; i < array_size(words); i++) {
		if (strcmp(text, words[i].word) == 0) {
			*ret = words[i].destination;
			return true;
		}
	}
	return false;
}

int log_open(const struct log_config *config)
{
	int fd = STDERR_FILENO;
	int previous = sink.fd;

	if (config->destination == LOG_TO_FILE) {
		fd = open_file(config->file);
		if (fd < 0)
			return fd;
	} else if (config->destination == LOG_TO_STDOUT) {
		fd = STDOUT_FILENO;
	} else if (config->destination == LOG_TO_SYSLOG) {
		openlog(config->program, LOG_PID, LOG_DAEMON);
	}
	sink.fd = fd;
	sink.to_syslog = config->destination == LOG_TO_SYSLOG;
	sink.silent = config->destination == LOG_TO_NONE;
	sink.timestamps = config->timestamps;
	/* systemd sets JOURNAL_STREAM when stderr is its journal, which reads "<3>" as a level. */
	sink.systemd_levels = fd == STDERR_FILENO && getenv("JOURNAL_STREAM") != NULL;
	sink.types = config->types;
	if (previous > STDERR_FILENO)
		close(previous);
	return 0;
}

bool log_enabled(enum log_type type)
{
	return !sink.silent && (sink.types & type) != 0;
}

static size_t write_prefix(char *line, size_t level)
{
	char time[WALL_TIME_TEXT] = "";

	if (sink.systemd_levels)
		return (size_t)snprintf(line, MAX_LINE, "<%d>", levels[level].priority);
	if (!sink.timestamps)
		return (size_t)snprintf(line, MAX_LINE, "%s", levels[level].word);
	return (size_t)snprintf(line, MAX_LINE, "%s: %s", wall_time_format(wall_time_now(), time),
			levels[level].word);
}

static size_t clamp(size_t used, int added)
{
	size_t len = added > 0 ? used + (size_t)added : used;

	return len < MAX_LINE - 1 ? len : MAX_LINE - 2;
}

static void emit(enum log_type type, int error, const char *format, va_list args) PRINTF_LIKE(3, 0);

static void emit(enum log_type type, int error, const char *format, va_list args)
{
	char line[MAX_LINE];
	size_t level = level_of(type);
	size_t prefix = sink.to_syslog ? 0 : write_prefix(line, level);
	size_t len = clamp(prefix, vsnprintf(line + prefix, MAX_LINE - prefix, format, args));

	if (error != 0)
		len = clamp(len, snprintf(line + len, MAX_LINE - len, ": %s",
						 strerror(error < 0 ? -error : error)));
	if (sink.to_syslog) {
		syslog(levels[level].priority, "%.*s", (int)len, line);
		return;
	}
	line[len++] = '\n';
	if (write(sink.fd, line, len) < 0)
		return; /* nobody is left to tell */
}

void log_line(enum log_type type, const char *format, ...)
{
	va_list args;

	if (!log_enabled(type))
		return;
	va_start(args, format);
	emit(type, 0, format, args);
	va_end(args);
}

void log_line_errno(enum log_type type, int error, const char *format, ...)
{
	va_list args;

	if (!log_enabled(type))
		return;
	va_start(args, format);
	emit(type, error, format, args);
	va_end(args);
}
