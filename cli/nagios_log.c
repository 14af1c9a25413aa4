/* SPDX-License-Identifier: MIT */
#include "cli/nagios_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>

int nagios_log_open(struct nagios_log *log, const char *path)
{
	*log = (struct nagios_log){ .notify = -1, .file = open(path, O_RDONLY | O_CLOEXEC) };
	if (log->file < 0)
		return -errno;
	log->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (log->notify < 0 || inotify_add_watch(log->notify, path, IN_MODIFY) < 0) {
		int error = errno;

		nagios_log_close(log);
		return -error;
	}
	return 0;
}

void nagios_log_close(struct nagios_log *log)
{
	close_fd_at(&log->notify);
	close_fd_at(&log->file);
	log->notify = log->file = -1;
	str_finish(&log->text);
	str_finish(&log->command);
}

/* "[1795397207] TEXT" without the time. */
static struct span without_time(struct span line)
{
	size_t end = span_find(line, ']');

	return line.len > 0 && line.data[0] == '[' ? span_from(line, end + 2) : line;
}

static bool take_prefix(struct span *text, const char *prefix)
{
	struct span p = span_of_text(prefix);

	if (!span_starts_with(*text, p))
		return false;
	*text = span_from(*text, p.len);
	return true;
}

static bool is_digit_code(struct span text, unsigned *ret)
{
	uint64_t code;

	if (!span_to_uint(text, 3, &code))
		return false;
	*ret = (unsigned)code;
	return true;
}

/* Up to a `|`, or to the `\n` that the core takes for the end of the first line. */
static struct span first_line(struct span output)
{
	output = span_first(output, span_find(output, '|'));
	for (size_t i = 0; i + 1 < output.len; i++) {
		if (output.data[i] != '\\')
			continue;
		if (output.data[i + 1] == 'n')
			return span_trim(span_first(output, i));
		i++;
	}
	return span_trim(output);
}

bool nagios_log_line(struct nagios_log *log, struct span line, struct nagios_applied *ret)
{
	struct span text = without_time(line), rest;
	bool is_service = take_prefix(&text, "EXTERNAL COMMAND: PROCESS_SERVICE_CHECK_RESULT;");

	if (is_service || take_prefix(&text, "EXTERNAL COMMAND: PROCESS_HOST_CHECK_RESULT;")) {
		str_clear(&log->command);
		str_append(&log->command, text);
		log->is_service = is_service;
		return false;
	}
	if (take_prefix(&text, "PASSIVE SERVICE CHECK: ") ||
			take_prefix(&text, "PASSIVE HOST CHECK: "))
		ret->event = NAGIOS_APPLIED;
	else if (take_prefix(&text, "Warning:  Passive check result was received for "))
		ret->event = NAGIOS_UNKNOWN_OBJECT;
	else
		return false;
	if (log->command.len == 0)
		return false;
	rest = str_span(&log->command);
	ret->host = span_cut(&rest, ';');
	ret->service = log->is_service ? span_cut(&rest, ';') : (struct span){ NULL, 0 };
	if (!is_digit_code(span_cut(&rest, ';'), &ret->code))
		return false;
	ret->output = first_line(rest);
	return true;
}

void nagios_log_read(struct nagios_log *log,
		void (*call)(void *owner, const struct nagios_applied *applied), void *owner)
{
	char buffer[65536];
	struct nagios_applied applied;
	struct span rest;
	ssize_t n;

	while (read(log->notify, buffer, sizeof(buffer)) > 0)
		;
	while ((n = read(log->file, buffer, sizeof(buffer))) > 0)
		str_append(&log->text, span_of(buffer, (size_t)n));
	rest = str_span(&log->text);
	while (span_find(rest, '\n') < rest.len) {
		if (nagios_log_line(log, span_cut(&rest, '\n'), &applied)) {
			call(owner, &applied);
			str_clear(&log->command);
		}
	}
	str_remove_front(&log->text, log->text.len - rest.len);
}
