/* SPDX-License-Identifier: MIT */
/*
 * From a check result to one external command of a core, and to nothing else.
 *
 *     [1795384096] PROCESS_SERVICE_CHECK_RESULT;web1;Disk /var;2;98% full|used=98%;80;90\n
 *
 * Whatever is in the result, the output is exactly one line that names exactly the result's own
 * host and service: names are checked by the decoder (name_valid), text is escaped here as the
 * core unescapes it. In all of them the first line's first `|` starts perfdata, `;` separates and
 * a NUL would end the line; what else they make of a text differs and stands in each one's file.
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
 * and limits one from the future, which Nagios would take as it is; before 1970 becomes 0, or as
 * little as the core takes.
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
typedef bool encode_result(struct str *into, const struct check_result *result,
		struct wall_time now, size_t max_output, size_t max_line);

encode_result encode_nagios;
encode_result encode_naemon;
encode_result encode_icinga;

/*
 * A record of a file for check_result_path instead, several lines ended by an empty one; the limit
 * is for the longest of them. Appends nothing for a name that ends in `\` either, which cannot be
 * said there.
 */
encode_result encode_check_result_file;

#endif
