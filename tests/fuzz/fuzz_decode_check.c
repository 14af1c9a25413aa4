/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a payload, decoded and encoded: each result becomes exactly one command that names
 * the object of the topic, whatever the payload says.
 *
 * The first byte chooses: 1 text allowed too, 2 host from the payload, 4 service from the payload,
 * 8 the topic names no service, 16 line limited to a pipe's ('0' to '?' are without 16, 'P' is
 * with). The rest is the payload.
 */
#include "gateway/result/decode.h"

#include "common/utf8.h"
#include "gateway/result/encode.h"

#include "tests/fuzz/nagios_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct decode_input input;
	size_t max_line;
	size_t results, rejections;
	struct str line;
};

enum { MAX_OUTPUT = 300 };

static const struct wall_time now = { 1795384096000000000 };

static bool is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < 0x20 || s.data[i] >= 0x7f || s.data[i] == '|')
			return false;
	}
	return true;
}

static void check_names(const struct fuzz *fuzz, const struct check_result *r,
		const struct nagios_command *c)
{
	MUST(span_equal(c->host, r->host));
	MUST(span_equal(c->service, r->service));
	MUST(c->is_host == (r->service.len == 0));
	MUST(span_find(c->host, ';') == c->host.len && c->host.len > 0);
	if (!fuzz->input.host_from_payload)
		MUST(span_equal(c->host, fuzz->input.host));
	if (!fuzz->input.service_from_payload)
		MUST(span_equal(c->service, fuzz->input.service));
}

static void check_result(void *owner, const struct check_result *r)
{
	struct fuzz *fuzz = owner;
	struct nagios_command c;
	bool cut;

	fuzz->results++;
	MUST(utf8_valid(r->output) && utf8_valid(r->long_output) && utf8_valid(r->perfdata));
	MUST(utf8_valid(r->id) && utf8_valid(r->source));
	MUST(span_find(r->output, '\n') == r->output.len);
	MUST(r->time.ns >= 0 && r->ttl >= -1);
	str_clear(&fuzz->line);
	cut = encode_nagios(&fuzz->line, r, now, MAX_OUTPUT, fuzz->max_line);
	MUST(utf8_valid(str_span(&fuzz->line)));
	if (fuzz->max_line > 0)
		MUST(fuzz->line.len <= fuzz->max_line);
	c = nagios_read(str_span(&fuzz->line));
	MUST(c.time <= (uint64_t)now.ns / 1000000000);
	MUST(c.state == (int)r->state);
	check_names(fuzz, r, &c);
	if (r->perfdata.len == 0)
		MUST(c.perfdata.len == 0);
	if (!cut && r->output.len > 0 && is_plain(r->output))
		MUST(span_equal(str_span(&c.output), span_trim(r->output)));
	if (!cut && is_plain(r->perfdata))
		MUST(span_equal(str_span(&c.perfdata), span_trim(r->perfdata)));
	nagios_command_finish(&c);
}

static void check_rejection(void *owner, const struct rejection *r)
{
	struct fuzz *fuzz = owner;

	fuzz->rejections++;
	MUST(r->reject > REJECT_NONE && r->reject < REJECT_COUNT);
	str_clear(&fuzz->line);
	reject_format(&fuzz->line, r, (struct span)SPAN("nagios/h"), (struct span)SPAN("gw"));
	MUST(utf8_valid(str_span(&fuzz->line)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoder *decoder;
	struct fuzz fuzz = { .max_line = 0 };
	struct decode_sink sink = { &fuzz, check_result, check_rejection };

	if (size == 0)
		return 0;
	if (decoder == NULL)
		decoder = decoder_create();
	fuzz.input.payload = span_of(data + 1, size - 1);
	fuzz.input.formats = (data[0] & 1) != 0 ? DECODE_JSON | DECODE_TEXT : DECODE_JSON;
	fuzz.input.host_from_payload = (data[0] & 2) != 0;
	fuzz.input.service_from_payload = (data[0] & 4) != 0;
	if (!fuzz.input.host_from_payload)
		fuzz.input.host = (struct span)SPAN("h");
	if (!fuzz.input.service_from_payload && (data[0] & 8) == 0)
		fuzz.input.service = (struct span)SPAN("s");
	if ((data[0] & 16) != 0 && (data[0] & 32) == 0)
		fuzz.max_line = MIN_LINE;
	decode(decoder, &fuzz.input, &sink);
	/* Only an empty array says nothing. */
	if (fuzz.results + fuzz.rejections == 0)
		MUST(memchr(data + 1, '[', size - 1) != NULL);
	str_finish(&fuzz.line);
	return 0;
}
