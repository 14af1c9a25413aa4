/* SPDX-License-Identifier: MIT */
/*
 * The command of Nagios and Naemon.
 *
 * Nagios takes the line apart at `;` three times (a host: twice) and the rest is output, in which
 * it resolves `\\` and `\n` only. Then it splits the output at line ends and the first line at its
 * first `|` with strtok(), which skips a `|` in front: without text before it perfdata would
 * become the text. Naemon does the same behind a stricter parser (src/naemon/commands.c,
 * parse_arguments): an argument that is empty counts as missing, and the result is refused.
 */
#include "gateway/result/encode_line.h"

static const struct text_form nagios_form = {
	.newline = SPAN("\\n"),
	.backslash = SPAN("\\\\"),
	.backslash_n = SPAN("\\\\"),
};
static const struct text_form naemon_form = {
	.newline = SPAN("\\n"),
	.backslash = SPAN("\\\\"),
	.backslash_n = SPAN("\\\\"),
	.needs_text = true,
};

static void append_header(struct str *into, const struct check_result *r, struct wall_time now)
{
	bool is_host = r->service.len == 0;
	struct wall_time time = line_time(r, now);

	str_append_byte(into, '[');
	line_append_number(into, time.ns > 0 ? (uint64_t)wall_time_seconds(time) : 0, 1);
	str_append_text(into, is_host ? "] PROCESS_HOST_CHECK_RESULT;"
				      : "] PROCESS_SERVICE_CHECK_RESULT;");
	str_append(into, r->host);
	if (!is_host) {
		str_append_byte(into, ';');
		str_append(into, r->service);
	}
	str_append_byte(into, ';');
	line_append_number(into, (uint64_t)r->state, 1);
	str_append_byte(into, ';');
}

static bool encode(struct str *into, const struct check_result *r, struct wall_time now,
		size_t max_output, size_t max_line, const struct text_form *form)
{
	struct line line = line_begin(into, max_line, form);
	bool cut;

	if (!line_can_be_command(r))
		return false;
	append_header(into, r, now);
	cut = line_append_result(&line, r, max_output);
	str_append_byte(into, '\n');
	return cut;
}

bool encode_nagios(struct str *into, const struct check_result *r, struct wall_time now,
		size_t max_output, size_t max_line)
{
	return encode(into, r, now, max_output, max_line, &nagios_form);
}

bool encode_naemon(struct str *into, const struct check_result *r, struct wall_time now,
		size_t max_output, size_t max_line)
{
	return encode(into, r, now, max_output, max_line, &naemon_form);
}
