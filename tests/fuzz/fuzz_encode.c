/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the fields of a result: one command that names exactly its object, or nothing when
 * the names cannot be in a command; for each core by its own rules.
 *
 * The first byte's low two bits are the state, the second chooses max_output and max_line, the
 * third the time; then host, service, output, long output and perfdata, parted by 0x1e.
 */
#include "common/name.h"
#include "gateway/result/encode.h"

#include "common/utf8.h"
#include "gateway/result/decode.h"

#include "tests/fuzz/icinga_command.h"
#include "tests/fuzz/nagios_command.h"
#include "tests/fuzz/spool_record.h"

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

static void check_nagios(
		const struct check_result *r, struct span line, bool cut, size_t max_output)
{
	check_line(r, line, cut, max_output);
}

static void check_naemon(
		const struct check_result *r, struct span line, bool cut, size_t max_output)
{
	struct span rest = span_first(line, line.len - 1);

	check_line(r, line, cut, max_output);
	for (int i = r->service.len > 0 ? 4 : 3; i > 0; i--)
		span_cut(&rest, ';');
	MUST(rest.len > 0); /* an empty argument counts as missing */
}

static void check_icinga(
		const struct check_result *r, struct span line, bool cut, size_t max_output)
{
	struct icinga_command c = icinga_read(line);
	struct span rest = r->long_output;
	size_t lines = 1;

	(void)max_output;
	MUST(!is_dangerous(r->host) && !is_dangerous(r->service));
	MUST(utf8_valid(line));
	MUST(c.time <= (double)now.ns / 1e9);
	MUST(span_equal(c.host, r->host) && span_equal(c.service, r->service));
	MUST(c.is_host == (r->service.len == 0));
	MUST(c.state == (c.is_host ? r->state != CHECK_OK : (int)r->state));
	if (span_trim(r->perfdata).len == 0)
		MUST(c.perfdata.len == 0);
	while (r->long_output.len > 0 && !c.is_host && rest.data != NULL) {
		span_cut(&rest, '\n');
		lines++;
	}
	MUST(cut ? c.lines <= lines : c.lines == lines);
	icinga_command_finish(&c);
}

static void check_spool(const struct check_result *r, struct span text, bool cut, size_t max_output)
{
	struct spool_record c = spool_read(text);

	(void)cut;
	(void)max_output;
	MUST(utf8_valid(text));
	MUST(span_equal(c.host, r->host) && span_equal(c.service, r->service));
	MUST(c.state == (uint64_t)r->state);
	str_finish(&c.output);
}

static const struct {
	encode_result *encode;
	void (*check)(const struct check_result *r, struct span text, bool cut, size_t max_output);
	bool is_line;
} encoders[] = {
	{ encode_nagios, check_nagios, true },
	{ encode_naemon, check_naemon, true },
	{ encode_icinga, check_icinga, true },
	{ encode_check_result_file, check_spool, false },
};

static bool ends_in_backslash(struct span name)
{
	return name.len > 0 && name.data[name.len - 1] == '\\';
}

static void check_encoder(
		size_t e, const struct check_result *r, size_t max_output, size_t max_line)
{
	static const struct span before = SPAN("before");
	struct str line = { 0 };
	bool cut;

	str_append(&line, before);
	cut = encoders[e].encode(&line, r, now, max_output, max_line);
	MUST(span_starts_with(str_span(&line), before));
	if (line.len == before.len) {
		MUST(!name_valid(r->host) || (r->service.len > 0 && !name_valid(r->service)) ||
				(r->service.len == 0 && r->state == CHECK_UNKNOWN) ||
				(!encoders[e].is_line &&
						(ends_in_backslash(r->host) ||
								ends_in_backslash(r->service))));
	} else {
		struct span command = span_from(str_span(&line), before.len);

		if (max_line > 0 && encoders[e].is_line)
			MUST(command.len <= (max_line < MIN_LINE ? MIN_LINE : max_line));
		encoders[e].check(r, command, cut, max_output);
	}
	str_finish(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check_result r = { .ttl = -1 };
	struct span rest;

	if (size < 3)
		return 0;
	r.state = (enum check_state)(data[0] & 3);
	r.time.ns = times[data[2] & 7];
	rest = span_of(data + 3, size - 3);
	r.host = span_cut(&rest, 0x1e);
	r.service = span_cut(&rest, 0x1e);
	r.output = span_cut(&rest, 0x1e);
	r.long_output = span_cut(&rest, 0x1e);
	r.perfdata = rest;
	for (size_t e = 0; e < array_size(encoders); e++)
		check_encoder(e, &r, output_limits[data[1] & 7], line_limits[data[1] >> 3 & 7]);
	return 0;
}
