/* SPDX-License-Identifier: MIT */
/*
 * Plain text: what a plugin prints, with its state in front.
 *
 *     CRITICAL disk full | used=98%        the word; also "CRITICAL: ..." and "CRITICAL - ..."
 *     2 disk full                          the exit code; a blank, a tab or a `;` behind it
 */
#include "gateway/result/decode_parts.h"

/* The first word of the text is the state; *ret_rest is the output. */
static bool split_state(struct span text, struct span *ret_word, struct span *ret_rest)
{
	bool is_digit = text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9';
	/* "2:30 p.m." is not state 2. */
	const char *ends = is_digit ? " \t\r\n;|" : " \t\r\n;|:";
	size_t len = 0;
	struct span rest;

	while (len < text.len && strchr(ends, text.data[len]) == NULL)
		len++;
	*ret_word = span_first(text, len);
	rest = span_from(text, len);
	if (rest.len > 0 && (rest.data[0] == ';' || rest.data[0] == ':'))
		rest = span_from(rest, 1);
	rest = span_trim(rest);
	if (!is_digit && rest.len > 1 && rest.data[0] == '-' && is_blank(rest.data[1]))
		rest = span_from(rest, 2);
	*ret_rest = rest;
	return len > 0;
}

void decode_text(struct decode_job *job)
{
	struct draft draft = { .result = { .ttl = -1 } };

	struct span word, detail;
	enum reject reject = draft_names(job->input, &draft, &detail);

	if (reject != REJECT_NONE) {
		decode_refuse(job, reject, detail, &draft);
		return;
	}
	if (!split_state(job->payload, &word, &draft.output) ||
			!check_state_parse(
					word, draft.result.service.len == 0, &draft.result.state)) {
		decode_refuse(job, REJECT_NO_TEXT, word, &draft);
		return;
	}
	draft_output(job->decoder, &draft);
	decode_accept(job, &draft);
}
