/* SPDX-License-Identifier: MIT */
#include "gateway/result/decode.h"

#include "common/hash.h"
#include "common/mem.h"
#include "common/name.h"
#include "common/utf8.h"
#include "gateway/result/decode_parts.h"
#include "gateway/result/encode.h"
#include "gateway/result/perfdata.h"

struct decoder *decoder_create(void)
{
	struct decoder *d = xcalloc(1, sizeof(*d));

	d->scan.seed = hash_seed();
	return d;
}

void decoder_destroy(struct decoder *d)
{
	if (d == NULL)
		return;
	json_scan_finish(&d->scan);
	str_finish(&d->output);
	str_finish(&d->long_output);
	str_finish(&d->perfdata);
	str_finish(&d->lines);
	str_finish(&d->detail);
	free(d);
}

void decode_accept(const struct decode_job *job, const struct draft *draft)
{
	struct check_result result = draft->result;

	result.index = (uint32_t)job->index;
	job->sink->result(job->sink->owner, &result);
}

void decode_refuse(const struct decode_job *job, enum reject reject, struct span detail,
		const struct draft *draft)
{
	struct rejection r = { .reject = reject, .detail = detail, .index = job->index };

	r.host = draft != NULL && draft->result.host.len > 0 ? draft->result.host
							     : job->input->host;
	r.service = draft != NULL && draft->result.service.len > 0 ? draft->result.service
								   : job->input->service;
	job->sink->rejection(job->sink->owner, &r);
}

enum reject payload_text(struct span payload, struct str *detail, struct span *ret)
{
	static const struct span byte_order_mark = SPAN("\xef\xbb\xbf");

	str_clear(detail);
	*ret = payload;
	/* PowerShell and editors of its kind put it in front of what they send. */
	if (span_starts_with(*ret, byte_order_mark))
		*ret = span_from(*ret, byte_order_mark.len);
	*ret = span_trim(*ret);
	if (payload.len > MAX_PAYLOAD_BYTES) {
		str_printf(detail, "%zu bytes", payload.len);
		return REJECT_TOO_LARGE;
	}
	if (span_find(payload, 0) < payload.len) {
		str_printf(detail, "byte %zu", span_find(payload, 0));
		return REJECT_NUL;
	}
	return utf8_valid(payload) ? REJECT_NONE : REJECT_NOT_UTF8;
}

void decode(struct decoder *d, const struct decode_input *input, const struct decode_sink *sink)
{
	struct decode_job job = { .decoder = d, .input = input, .sink = sink };
	enum reject reject = payload_text(input->payload, &d->detail, &job.payload);
	struct span text = job.payload;
	bool looks_like_json = text.len > 0 && (text.data[0] == '{' || text.data[0] == '[');

	if (reject != REJECT_NONE)
		decode_refuse(&job, reject, str_span(&d->detail), NULL);
	else if ((input->formats & DECODE_TEXT) != 0 &&
			(!looks_like_json || (input->formats & DECODE_JSON) == 0))
		decode_text(&job);
	else
		decode_json(&job);
}

/* Icinga's "host!service", in the key of the service or in that of the host. */
static void split_icinga_name(const struct decode_input *input, struct draft *draft)
{
	struct span rest;

	/* A name that is the topic's own may have a `!` in it. */
	if (draft->service.len > 0 && !span_equal(draft->service, input->service)) {
		rest = draft->service;
		if (span_find(rest, '!') < rest.len) {
			struct span host = span_cut(&rest, '!');

			if (draft->host.len == 0 || span_equal(draft->host, host)) {
				draft->host = host;
				draft->service = rest;
			}
		}
	} else if (draft->service.len == 0 && !span_equal(draft->host, input->host)) {
		rest = draft->host;
		if (span_find(rest, '!') < rest.len) {
			draft->host = span_cut(&rest, '!');
			draft->service = rest;
		}
	}
}

static enum reject draft_host(
		const struct decode_input *input, struct draft *draft, struct span *ret_detail)
{
	struct span host = input->host_from_payload ? draft->host : input->host;

	if (host.len == 0)
		return REJECT_NO_HOST;
	*ret_detail = host;
	if (!name_valid(host))
		return REJECT_BAD_HOST;
	draft->result.host = host;
	*ret_detail = draft->host;
	if (draft->host.len > 0 && !span_equal(draft->host, host))
		return REJECT_HOST_MISMATCH;
	return REJECT_NONE;
}

static enum reject draft_service(
		const struct decode_input *input, struct draft *draft, struct span *ret_detail)
{
	struct span service = input->service_from_payload ? draft->service : input->service;

	*ret_detail = service;
	if (service.len > 0 && !name_valid(service))
		return REJECT_BAD_SERVICE;
	draft->result.service = service;
	*ret_detail = draft->service;
	if (draft->service.len > 0 && !span_equal(draft->service, service))
		return REJECT_SERVICE_MISMATCH;
	if (service.len > 0 && draft->host_itself) {
		*ret_detail = (struct span)SPAN("__HOST__");
		return REJECT_SERVICE_MISMATCH;
	}
	if (service.len > 0 && draft->kind == DRAFT_HOST) {
		*ret_detail = (struct span)SPAN("type host");
		return REJECT_SERVICE_MISMATCH;
	}
	if (service.len == 0 && draft->kind == DRAFT_SERVICE) {
		*ret_detail = (struct span)SPAN("type service without a service");
		return REJECT_BAD_SERVICE;
	}
	return REJECT_NONE;
}

enum reject draft_names(
		const struct decode_input *input, struct draft *draft, struct span *ret_detail)
{
	enum reject reject;

	if (span_equal_text(draft->service, "__HOST__")) {
		draft->service = (struct span){ 0 };
		draft->host_itself = true;
	}
	split_icinga_name(input, draft);
	*ret_detail = (struct span){ 0 };
	reject = draft_host(input, draft, ret_detail);
	return reject != REJECT_NONE ? reject : draft_service(input, draft, ret_detail);
}

/* Without blanks at the end; those in front of a line of long output indent it. */
static struct span trim_end(struct span s)
{
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* The text before the first `|`, and what is behind it. */
static struct span cut_perfdata(struct span line, struct span *ret_perfdata)
{
	size_t bar = span_find(line, '|');

	*ret_perfdata = span_trim(span_from(line, bar + 1));
	return bar < line.len ? span_trim(span_first(line, bar)) : line;
}

/*
 * Lines behind the first: text up to a line with a `|`, from there on perfdata. The text is left
 * in place, perfdata of several lines is joined.
 */
static struct span split_long_output(struct decoder *d, struct span text, struct span *perfdata)
{
	size_t bar = span_find(text, '|');
	struct span rest = span_from(text, bar + 1);

	if (bar == text.len)
		return text;
	perfdata_append_line(&d->perfdata, *perfdata);
	while (rest.data != NULL)
		perfdata_append_line(&d->perfdata, span_cut(&rest, '\n'));
	*perfdata = str_span(&d->perfdata);
	return trim_end(span_first(text, bar));
}

void draft_output(struct decoder *d, struct draft *draft)
{
	struct check_result *r = &draft->result;
	struct span text = span_trim(draft->output);
	size_t line_end = span_find(text, '\n');
	struct span first = span_trim(span_first(text, line_end));
	struct span rest = span_from(text, line_end + 1);

	if (draft->has_perfdata) {
		r->perfdata = draft->perfdata;
	} else {
		str_clear(&d->perfdata);
		first = cut_perfdata(first, &r->perfdata);
		rest = split_long_output(d, rest, &r->perfdata);
	}
	r->output = first;
	r->long_output = rest;
	if (draft->long_output.len > 0 && rest.len == 0) {
		r->long_output = draft->long_output;
	} else if (draft->long_output.len > 0) {
		str_clear(&d->lines);
		str_append(&d->lines, rest);
		str_append_byte(&d->lines, '\n');
		str_append(&d->lines, draft->long_output);
		r->long_output = str_span(&d->lines);
	}
}
