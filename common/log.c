/* SPDX-License-Identifier: MIT */
/*
 * The log is the one thing in belfry with file-scope state: a process has one log. log_open() is
 * called at start and on reload, by the main thread, while others log: whoever writes a line holds
 * the lock as a reader, so that no file is closed under it.
 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"

enum {
	MAX_MESSAGE = 2000,
	KEPT_END = 500, /* of one that is longer */
};

static struct {
	unsigned destinations;
	int file; /* -1: none */
	enum log_format format;
	bool timestamps;
	const char *timestamp_format;
	bool systemd_levels;
	void (*publish)(void *owner, enum log_type type, struct span line);
	void *owner;
} sink = { .destinations = LOG_TO_STDERR, .file = -1 };
/* Whoever opens it does not wait for ever where others always log. */
static pthread_rwlock_t sink_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

/* What is written at all: looked at before anything else is done for a line. */
static atomic_uint enabled_types = LOG_TYPES_DEFAULT;

/* This thread publishes a line, and so holds the lock. */
static _Thread_local bool is_publishing;

static const struct {
	enum log_type type;
	const char *word; /* what a person sees in front of the line */
	int priority;
	const char *name; /* in JSON */
} levels[] = {
	{ LOG_TYPE_ERROR, "error: ", LOG_ERR, "error" },
	{ LOG_TYPE_WARNING, "warning: ", LOG_WARNING, "warning" },
	{ LOG_TYPE_NOTICE, "", LOG_NOTICE, "notice" },
	{ LOG_TYPE_INFORMATION, "", LOG_INFO, "information" },
	{ LOG_TYPE_SUBSCRIBE, "", LOG_INFO, "subscribe" },
	{ LOG_TYPE_UNSUBSCRIBE, "", LOG_INFO, "unsubscribe" },
	{ LOG_TYPE_DEBUG, "debug: ", LOG_DEBUG, "debug" },
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

const char *log_config_add(struct log_config *config, const char *text)
{
	static const struct {
		const char *word;
		enum log_destination destination;
	} words[] = { { "stderr", LOG_TO_STDERR }, { "stdout", LOG_TO_STDOUT },
		{ "syslog", LOG_TO_SYSLOG }, { "topic", LOG_TO_TOPIC }, { "none", LOG_TO_NONE } };

	if (strncmp(text, "file ", 5) == 0) {
		if (config->destinations & LOG_TO_FILE)
			return "is a second file; the log has one";
		config->destinations |= LOG_TO_FILE;
		config->file = text + 5 + strspn(text + 5, " \t");
		return *config->file == '/' ? NULL : "takes " LOG_DESTINATIONS;
	}
	for (size_t i = 0; i < array_size(words); i++) {
		if (strcmp(text, words[i].word) == 0) {
			config->destinations |= words[i].destination;
			return NULL;
		}
	}
	return "takes " LOG_DESTINATIONS;
}

int log_open(const struct log_config *config)
{
	int file = -1;

	if (config->destinations & LOG_TO_FILE) {
		file = open_file(config->file);
		if (file < 0)
			return file;
	}
	if (config->destinations & LOG_TO_SYSLOG)
		openlog(config->program, LOG_PID,
				config->facility < 0 ? LOG_DAEMON : (16 + config->facility) << 3);
	pthread_rwlock_wrlock(&sink_lock);
	if (sink.file >= 0)
		close(sink.file);
	sink.file = file;
	sink.destinations = config->destinations & LOG_TO_NONE ? 0 : config->destinations;
	sink.format = config->format;
	sink.timestamps = config->timestamps;
	sink.timestamp_format = config->timestamp_format;
	/* systemd sets JOURNAL_STREAM when stderr is its journal, which reads "<3>" as a level. */
	sink.systemd_levels = getenv("JOURNAL_STREAM") != NULL;
	enabled_types = sink.destinations != 0 ? config->types : 0;
	pthread_rwlock_unlock(&sink_lock);
	return 0;
}

void log_set_publisher(
		void (*publish)(void *owner, enum log_type type, struct span line), void *owner)
{
	pthread_rwlock_wrlock(&sink_lock);
	sink.publish = publish;
	sink.owner = owner;
	pthread_rwlock_unlock(&sink_lock);
}

bool log_enabled(enum log_type type)
{
	return (atomic_load_explicit(&enabled_types, memory_order_relaxed) & type) != 0;
}

/* The form is the operator's. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void append_own_time(struct str *line, const char *form)
{
	char text[128];
	time_t now = time(NULL);
	struct tm parts;

	localtime_r(&now, &parts);
	str_append(line, span_of(text, strftime(text, sizeof(text), form, &parts)));
}
#pragma GCC diagnostic pop

static void append_time(struct str *line)
{
	char text[WALL_TIME_TEXT];

	if (sink.timestamp_format != NULL)
		append_own_time(line, sink.timestamp_format);
	else
		str_append_text(line, wall_time_format(wall_time_now(), text));
}

static void append_json(struct str *line, size_t level, struct span message)
{
	str_append_byte(line, '{');
	if (sink.timestamps) {
		struct str now = { 0 };

		append_time(&now);
		str_append_text(line, "\"time\":");
		json_append_string(line, str_span(&now));
		str_append_byte(line, ',');
		str_finish(&now);
	}
	str_printf(line, "\"level\":\"%s\",\"message\":", levels[level].name);
	json_append_string(line, message);
	str_append_byte(line, '}');
}

static void append_text(struct str *line, size_t level, struct span message, bool to_journal)
{
	if (to_journal) {
		str_printf(line, "<%d>", levels[level].priority);
	} else {
		if (sink.timestamps) {
			append_time(line);
			str_append_text(line, ": ");
		}
		str_append_text(line, levels[level].word);
	}
	str_append(line, message);
}

static void write_to(int fd, size_t level, struct span message, bool to_journal)
{
	struct str line = { 0 };
	ssize_t n;

	if (sink.format == LOG_FORMAT_JSON)
		append_json(&line, level, message);
	else
		append_text(&line, level, message, to_journal);
	str_append_byte(&line, '\n');
	n = write(fd, line.text, line.len);
	(void)n; /* nobody is left to tell */
	str_finish(&line);
}

static void publish(enum log_type type, size_t level, struct span message)
{
	struct str line = { 0 };

	if (sink.publish == NULL || is_publishing)
		return;
	is_publishing = true;
	str_append_text(&line, levels[level].word);
	str_append(&line, message);
	sink.publish(sink.owner, type, str_span(&line));
	str_finish(&line);
	is_publishing = false;
}

static void write_everywhere(enum log_type type, struct span message)
{
	size_t level = level_of(type);

	if (sink.destinations & LOG_TO_STDERR)
		write_to(STDERR_FILENO, level, message, sink.systemd_levels);
	if (sink.destinations & LOG_TO_STDOUT)
		write_to(STDOUT_FILENO, level, message, false);
	if (sink.destinations & LOG_TO_FILE)
		write_to(sink.file, level, message, false);
	if (sink.destinations & LOG_TO_SYSLOG)
		syslog(levels[level].priority, "%.*s", (int)message.len,
				(const char *)message.data);
	if (sink.destinations & LOG_TO_TOPIC)
		publish(type, level, message);
}

static void emit(enum log_type type, struct span message)
{
	bool is_within = is_publishing;

	if (!is_within)
		pthread_rwlock_rdlock(&sink_lock);
	write_everywhere(type, message);
	if (!is_within)
		pthread_rwlock_unlock(&sink_lock);
}

/* Does a byte belong to the character before it? */
static bool is_continuation(char byte)
{
	return ((uint8_t)byte & 0xc0) == 0x80;
}

/*
 * A message that is too long loses its middle, no character by half: it begins with what it is
 * about, and ends with what is wrong.
 */
static void shorten(struct str *message)
{
	static const char gap[] = "...";
	const size_t gap_len = sizeof(gap) - 1;
	size_t begin = MAX_MESSAGE - KEPT_END - gap_len, end = message->len - KEPT_END;

	while (begin > 0 && is_continuation(message->text[begin]))
		begin--;
	while (end < message->len && is_continuation(message->text[end]))
		end++;
	memcpy(message->text + begin, gap, gap_len);
	memmove(message->text + begin + gap_len, message->text + end, message->len - end);
	str_truncate(message, begin + gap_len + message->len - end);
}

static void compose(enum log_type type, int error, const char *format, va_list args)
		PRINTF_LIKE(3, 0);

static void compose(enum log_type type, int error, const char *format, va_list args)
{
	struct str message = { 0 };

	str_vprintf(&message, format, args);
	if (error != 0)
		str_printf(&message, ": %s", strerror(error < 0 ? -error : error));
	if (message.len > MAX_MESSAGE)
		shorten(&message);
	emit(type, str_span(&message));
	str_finish(&message);
}

void log_line(enum log_type type, const char *format, ...)
{
	va_list args;

	if (!log_enabled(type))
		return;
	va_start(args, format);
	compose(type, 0, format, args);
	va_end(args);
}

void log_line_errno(enum log_type type, int error, const char *format, ...)
{
	va_list args;

	if (!log_enabled(type))
		return;
	va_start(args, format);
	compose(type, error, format, args);
	va_end(args);
}

void log_lines(enum log_type type, const char *prefix, struct span text)
{
	while (text.len > 0) {
		struct span line = span_cut(&text, '\n');

		log_line(type, "%s: %.*s", prefix, SPAN_ARGS(line));
	}
}
