/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the decoder share. Each format fills a draft with what a payload says of one
 * result; what topic and payload say together, and what becomes of the plugin's output, is the
 * same for all of them.
 *
 *     decode.c ─┬─ decode_json.c ─┐
 *               └─ decode_text.c ─┴─ draft_names, draft_output ─▶ sink
 */
#ifndef GATEWAY_RESULT_DECODE_PARTS_H
#define GATEWAY_RESULT_DECODE_PARTS_H

#include "gateway/result/decode.h"
#include "gateway/result/json_scan.h"

struct decoder {
	struct json_scan scan;
	/* Where a part had to be put together. */
	struct str output, long_output, perfdata, lines;
	struct str detail;
};

/* One call of decode(). */
struct decode_job {
	struct decoder *decoder;
	const struct decode_input *input;
	const struct decode_sink *sink;
	struct span payload; /* without a byte order mark and blanks around it */
	size_t index;	     /* of the result in its array */
};

enum draft_kind { DRAFT_EITHER, DRAFT_HOST, DRAFT_SERVICE };

struct draft {
	/* As the payload names them, empty when it does not. */
	struct span host, service;
	bool host_itself; /* __HOST__ stands for the service */
	enum draft_kind kind;
	/* What a plugin printed: several lines, each may have a `|` with perfdata behind it. */
	struct span output;
	struct span long_output; /* given apart: text only */
	struct span perfdata;	 /* given apart, on one line */
	bool has_perfdata;	 /* it was given apart, so that a `|` in output is just text */
	struct check_result result;
};

/*
 * The text of any payload in *ret: without a byte order mark and blanks around it. Or why it is
 * none, with what was found in `detail`.
 */
enum reject payload_text(struct span payload, struct str *detail, struct span *ret);

/*
 * Settle result.host and result.service from the topic and the payload. Returns why not, with what
 * was found in *ret_detail; result then holds the names as far as they are known.
 */
enum reject draft_names(
		const struct decode_input *input, struct draft *draft, struct span *ret_detail);

/* Settle output, long_output and perfdata of the result as Nagios splits a plugin's output. */
void draft_output(struct decoder *d, struct draft *draft);

void decode_accept(const struct decode_job *job, const struct draft *draft);
void decode_refuse(const struct decode_job *job, enum reject reject, struct span detail,
		const struct draft *draft);

void decode_json(struct decode_job *job);
void decode_text(struct decode_job *job);

#endif
