/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the fields of a result: one command that names exactly its object, or nothing when
 * the names cannot be in a command.
 *
 * The first byte's low two bits are the state, the second chooses max_output and max_line, the
 * third the time; then host, service, output, long output and perfdata, parted by 0x1e.
 */
#include "common/name.h"
#include "gateway/result/encode.h"

#include "common/utf8.h"
#include "gateway/result/decode.h"

#include "tests/fuzz/nagios_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const size_t output_limits[] = { DEFAULT_MAX_OUTPUT, 0, 1, 7, 100, 5000, 20, 3 };
static const size_t line_limits[] = { 0, MAX_PIPE_LINE, MIN_LINE, 1, MIN_LINE + 1, 1500, 2000, 0 };
static const int64_t times[] = { 0, 1, -1, INT64_MAX, INT64_MIN, 1795384096, 1795384095999999999,
	1795384096999999999 };
static const struct wall_time now = { 1795384096000000000 };

/* Names that must never get into a command, told apart from name_valid(). */
static bool is_dangerous(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] < 0x20 || name.data[i] == 0x7f || name.data[i] == ';')
			return true;
	}
	return !utf8_valid(name);
}

static void check_line(const struct check_result *r, struct span line, bool cut, size_t max_output)
{
	struct nagios_command c = nagios_read(line);
	size_t kept = r->output.len + r->long_output.len;

	MUST(!is_dangerous(r->host) && !is_dangerous(r->service));
	MUST(utf8_valid(line));
	MUST(c.time <= (uint64_t)now.ns / 1000000000);
	MUST(span_equal(c.host, r->host) && span_equal(c.service, r->service));
	MUST(c.is_host == (r->service.len == 0));
	MUST(c.state == (int)r->state);
	if (span_trim(r->perfdata).len == 0)
		MUST(c.perfdata.len == 0);
	else if (!cut)
		MUST(c.perfdata.len > 0);
	/* A byte becomes three at most, and the marker comes on top. */
	MUST(c.output.len + c.long_output.len <= 3 * (kept < max_output ? kept : max_output) + 100);
	if (cut)
		MUST(memmem(line.data, line.len, " [cut, ", 7) != NULL || r->perfdata.len > 0);
	nagios_command_finish(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span before = SPAN("before");
	struct check_result r = { .ttl = -1 };
	struct str line = { 0 };
	struct span rest;
	size_t max_output, max_line;
	bool cut;

	if (size < 3)
		return 0;
	max_output = output_limits[data[1] & 7];
	max_line = line_limits[data[1] >> 3 & 7];
	r.state = (enum check_state)(data[0] & 3);
	r.time.ns = times[data[2] & 7];
	rest = span_of(data + 3, size - 3);
	r.host = span_cut(&rest, 0x1e);
	r.service = span_cut(&rest, 0x1e);
	r.output = span_cut(&rest, 0x1e);
	r.long_output = span_cut(&rest, 0x1e);
	r.perfdata = rest;

	str_append(&line, before);
	cut = encode_nagios(&line, &r, now, max_output, max_line);
	MUST(span_starts_with(str_span(&line), before));
	if (line.len == before.len) {
		MUST(!name_valid(r.host) || (r.service.len > 0 && !name_valid(r.service)) ||
				(r.service.len == 0 && r.state == CHECK_UNKNOWN));
	} else {
		struct span command = span_from(str_span(&line), before.len);

		if (max_line > 0)
			MUST(command.len <= (max_line < MIN_LINE ? MIN_LINE : max_line));
		check_line(&r, command, cut, max_output);
	}
	str_finish(&line);
	return 0;
}
