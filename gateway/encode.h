/* SPDX-License-Identifier: MIT */
/*
 * From a check result to one external command of a core, and to nothing else.
 *
 *     [1795384096] PROCESS_SERVICE_CHECK_RESULT;web1;Disk /var;2;98% full|used=98%;80;90\n
 *
 * Whatever is in the result, the output is exactly one line that names exactly the result's own
 * host and service: names are checked by the decoder (name_valid), text is escaped here as Nagios
 * unescapes it (base/commands.c, facts of the core: only `\\` and `\n` are unescaped, the first
 * line's first `|` starts perfdata, `;` separates, a NUL ends the line).
 */
#ifndef GATEWAY_ENCODE_H
#define GATEWAY_ENCODE_H

#include "common/str.h"
#include "gateway/check_result.h"

enum {
	/* What is kept of output + long output of one result by default, see max_output. */
	DEFAULT_MAX_OUTPUT = 8192,
	/* A line up to this size is written to a pipe in one piece (PIPE_BUF). */
	MAX_PIPE_LINE = 4096,
};

/*
 * May it be the name of a host or service in a command? Not empty, at most MAX_NAME_BYTES, valid
 * UTF-8, no control character, no `;`, nothing of Nagios's illegal_object_name_chars that could
 * not name an object anyway, no blank at either end.
 */
bool name_valid(struct span name);

/*
 * Append the command for `result`, ended by a newline. `now` stamps a result that has no time,
 * and limits one from the future, which Nagios would take as it is. Output beyond `max_output`
 * bytes is cut at a character and marked with " [cut, N bytes]". With `max_line` > 0 the whole
 * line is kept within that many bytes the same way. Returns true when something was cut.
 */
bool encode_nagios(struct str *into, const struct check_result *result, struct wall_time now,
		size_t max_output, size_t max_line);

#endif
