/* SPDX-License-Identifier: MIT */
/*
 * A record of the files in Nagios' check_result_path: lines of key=value, ended by an empty one.
 *
 * The core joins a line that ends in a backslash with the next one: a name must not end in one
 * (text does no harm, it is escaped). It does not look at the return code at all, reads
 * early_timeout=1 as "timed out", and passes over an output that is empty.
 */
#include "gateway/result/encode_line.h"

static const struct text_form form = {
	.newline = SPAN("\\n"),
	.backslash = SPAN("\\\\"),
	.backslash_n = SPAN("\\\\"),
	.needs_text = true,
};

static void append_time(struct str *into, const char *key, struct wall_time time)
{
	uint64_t us = time.ns > 0 ? (uint64_t)time.ns / 1000 : 0;

	str_append_text(into, key);
	line_append_number(into, us / 1000000, 1);
	str_append_byte(into, '.');
	line_append_number(into, us % 1000000, 6);
	str_append_byte(into, '\n');
}

static bool continues(struct span name)
{
	return name.len > 0 && name.data[name.len - 1] == '\\';
}

bool encode_check_result_file(struct str *into, const struct check_result *r, struct wall_time now,
		size_t max_output, size_t max_line)
{
	struct wall_time time = line_time(r, now);
	struct line line;
	bool cut;

	if (!line_can_be_command(r) || continues(r->host) || continues(r->service))
		return false;
	str_append_text(into, "host_name=");
	str_append(into, r->host);
	if (r->service.len > 0) {
		str_append_text(into, "\nservice_description=");
		str_append(into, r->service);
	}
	str_append_text(into, "\ncheck_type=1\ncheck_options=0\nscheduled_check=0\n"
			      "reschedule_check=0\nlatency=0.0\n");
	append_time(into, "start_time=", time);
	append_time(into, "finish_time=", time);
	str_append_text(into, "early_timeout=0\nexited_ok=1\nreturn_code=");
	line_append_number(into, (uint64_t)r->state, 1);
	str_append_byte(into, '\n');
	line = line_begin(into, max_line, &form);
	str_append_text(into, "output=");
	cut = line_append_result(&line, r, max_output);
	str_append_text(into, "\n\n");
	return cut;
}
