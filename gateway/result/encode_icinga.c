/* SPDX-License-Identifier: MIT */
/*
 * The command of Icinga 2's ExternalCommandListener.
 *
 * Of a service's output it resolves `\n` and nothing else, so a backslash stands for itself, and
 * one in front of an `n` cannot be said at all: U+2216 stands in, which looks like it. Of a host's
 * output nothing is resolved: there its lines are joined by blanks. A host is up or down, 0 or 1.
 * The time keeps its fraction, by which Icinga tells an older result from a newer one; 0 is
 * refused. Names of commands are case-sensitive, and the output's `;` must be there.
 */
#include "gateway/result/encode_line.h"

static const struct text_form service_form = {
	.newline = SPAN("\\n"),
	.backslash = SPAN("\\"),
	.backslash_n = SPAN("\xe2\x88\x96"),
};
/* Without lines: what follows perfdata on the only one would be perfdata too. */
static const struct text_form host_form = {
	.backslash = SPAN("\\"),
	.backslash_n = SPAN("\\"),
};

enum { NS_PER_US = 1000, US_PER_SECOND = 1000000 };

static void append_time(struct str *into, struct wall_time time)
{
	uint64_t us = time.ns > NS_PER_US ? (uint64_t)time.ns / NS_PER_US : 1;

	line_append_number(into, us / US_PER_SECOND, 1);
	if (us % US_PER_SECOND == 0)
		return;
	str_append_byte(into, '.');
	line_append_number(into, us % US_PER_SECOND, 6);
}

static void append_header(struct str *into, const struct check_result *r, struct wall_time now)
{
	bool is_host = r->service.len == 0;

	str_append_byte(into, '[');
	append_time(into, line_time(r, now));
	str_append_text(into, is_host ? "] PROCESS_HOST_CHECK_RESULT;"
				      : "] PROCESS_SERVICE_CHECK_RESULT;");
	str_append(into, r->host);
	if (!is_host) {
		str_append_byte(into, ';');
		str_append(into, r->service);
	}
	str_append_byte(into, ';');
	line_append_number(into, is_host && r->state != CHECK_OK ? 1 : (uint64_t)r->state, 1);
	str_append_byte(into, ';');
}

static bool encode(struct str *into, const struct check_result *r, struct wall_time now,
		size_t max_output, size_t max_line)
{
	struct line line =
			line_begin(into, max_line, r->service.len > 0 ? &service_form : &host_form);
	bool cut;

	append_header(into, r, now);
	cut = line_append_result(&line, r, max_output);
	str_append_byte(into, '\n');
	return cut;
}

/* A host's lines as one. */
static bool encode_joined(struct str *into, const struct check_result *r, struct wall_time now,
		size_t max_output, size_t max_line)
{
	struct check_result joined = *r;
	struct str text = { 0 };
	bool cut;

	str_append(&text, r->output);
	str_append_byte(&text, '\n');
	str_append(&text, r->long_output);
	joined.output = str_span(&text);
	joined.long_output = (struct span){ NULL, 0 };
	cut = encode(into, &joined, now, max_output, max_line);
	str_finish(&text);
	return cut;
}

bool encode_icinga(struct str *into, const struct check_result *r, struct wall_time now,
		size_t max_output, size_t max_line)
{
	if (!line_can_be_command(r))
		return false;
	if (r->service.len == 0 && r->long_output.len > 0)
		return encode_joined(into, r, now, max_output, max_line);
	return encode(into, r, now, max_output, max_line);
}
