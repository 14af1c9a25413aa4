/* SPDX-License-Identifier: MIT */
/*
 * The log of a daemon or tool: one line per event, written with one write(2), so that lines of
 * several threads never mix. Every function may be called from any thread after log_open().
 *
 * A line reads "subject: what happened: cause". Text that a stranger chose is escaped by the
 * caller with str_append_escaped(); payloads and passwords are never logged. Only daemons, tools
 * and broker/io, broker/store log; common, broker/mqtt and broker/core return errors instead.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/span.h"

/* What log_dest takes, for errors. */
#define LOG_DESTINATIONS "stderr, stdout, syslog, topic, none, or: file /PATH"

/* Bits, so that a set of them selects what is written (mosquitto.conf's log_type). */
enum log_type {
	LOG_TYPE_ERROR = 1,
	LOG_TYPE_WARNING = 2,
	LOG_TYPE_NOTICE = 4,
	LOG_TYPE_INFORMATION = 8,
	LOG_TYPE_SUBSCRIBE = 16,
	LOG_TYPE_UNSUBSCRIBE = 32,
	LOG_TYPE_DEBUG = 64,
	LOG_TYPE_NONE = 128, /* given alone: nothing is written */

	LOG_TYPES_DEFAULT =
			LOG_TYPE_ERROR | LOG_TYPE_WARNING | LOG_TYPE_NOTICE | LOG_TYPE_INFORMATION,
	LOG_TYPES_ALL = LOG_TYPES_DEFAULT | LOG_TYPE_SUBSCRIBE | LOG_TYPE_UNSUBSCRIBE |
			LOG_TYPE_DEBUG,
};

/* How a line is written: for people, or as an object {"time", "level", "message"}. */
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Bits, so that the log goes to several places. */
enum log_destination {
	LOG_TO_STDERR = 1,
	LOG_TO_STDOUT = 2,
	LOG_TO_SYSLOG = 4,
	LOG_TO_FILE = 8,
	LOG_TO_TOPIC = 16, /* log_set_publisher() */
	LOG_TO_NONE = 32,
};

struct log_config {
	const char *program;   /* borrowed for the life of the process; name in syslog */
	unsigned destinations; /* set of enum log_destination */
	const char *file;      /* with LOG_TO_FILE; appended to, created with mode 0640 */
	unsigned types;	       /* set of enum log_type */
	enum log_format format;
	bool timestamps;	      /* syslog adds its own */
	const char *timestamp_format; /* of strftime(), local time, borrowed until the next
					 log_open(); NULL: ISO 8601 in UTC with milliseconds */
	int facility;		      /* of syslog: 0 to 7 for local0 to local7, -1 for daemon */
};

/*
 * Add a value of log_dest to the destinations. `file` points into `text`, behind "file "; the path
 * is absolute: a daemon does not stay in the folder it was started in. Returns NULL, or what is
 * wrong with it, for the end of an error.
 */
const char *log_config_add(struct log_config *config, const char *text);

/*
 * Where lines for LOG_TO_TOPIC go; NULL: nowhere. Called on the thread that logs, with what a
 * person would read but for the time; what is logged meanwhile is not handed on.
 */
void log_set_publisher(
		void (*publish)(void *owner, enum log_type type, struct span line), void *owner);

/*
 * Start or restart logging; a file is opened anew, which a program that moved it away waits for.
 * Before the first call everything but debug goes to stderr. Returns 0, or -errno when the file
 * cannot be opened: the log then stays as it was.
 */
int log_open(const struct log_config *config);

/* Would a line of this type be written? For callers whose text is expensive to make. */
bool log_enabled(enum log_type type);

void log_line(enum log_type type, const char *format, ...) PRINTF_LIKE(2, 3);

/* The line, then ": " and the text of `error`, a positive or negative errno value. */
void log_line_errno(enum log_type type, int error, const char *format, ...) PRINTF_LIKE(3, 4);

/* Each line of the text as one of the log, with "PREFIX: " in front. */
void log_lines(enum log_type type, const char *prefix, struct span text);

#define log_error(...)	     log_line(LOG_TYPE_ERROR, __VA_ARGS__)
#define log_warn(...)	     log_line(LOG_TYPE_WARNING, __VA_ARGS__)
#define log_notice(...)	     log_line(LOG_TYPE_NOTICE, __VA_ARGS__)
#define log_info(...)	     log_line(LOG_TYPE_INFORMATION, __VA_ARGS__)
#define log_debug(...)	     log_line(LOG_TYPE_DEBUG, __VA_ARGS__)
#define log_error_errno(...) log_line_errno(LOG_TYPE_ERROR, __VA_ARGS__)
#define log_warn_errno(...)  log_line_errno(LOG_TYPE_WARNING, __VA_ARGS__)

#endif
