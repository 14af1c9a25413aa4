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
#ifndef GATEWAY_RESULT_ENCODE_H
#define GATEWAY_RESULT_ENCODE_H

#include "common/str.h"
#include "gateway/result/check_result.h"

enum {
	/* What is kept of output + long output of one result by default, see max_output. */
	DEFAULT_MAX_OUTPUT = 8192,
	/* A line up to this size is written to a pipe in one piece (PIPE_BUF). */
	MAX_PIPE_LINE = 4096,
	/* Holds the longest names and still some output. */
	MIN_LINE = 1024,
};

/*
 * Append the command for `result`, ended by a newline. `now` stamps a result that has no time,
 * and limits one from the future, which Nagios would take as it is; before 1970 becomes 0.
 *
 * Of output + long output `max_output` bytes are kept; the rest is cut off at a character and
 * " [cut, N bytes]" says how much is missing. Perfdata is kept up to as many bytes, whole values
 * only. With `max_line` > 0 the whole line, newline included, is kept within that many bytes the
 * same way (a smaller limit than MIN_LINE counts as MIN_LINE); perfdata may then take up to half
 * of what the names leave, since a text that is cut still tells something and a value does not.
 *
 * Returns true when something was cut. A result that cannot be a command (a name that is not
 * name_valid(), state 3 of a host) appends nothing; the decoder makes none.
 */
bool encode_nagios(struct str *into, const struct check_result *result, struct wall_time now,
		size_t max_output, size_t max_line);

#endif
