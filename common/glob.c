/* SPDX-License-Identifier: MIT */
#include "common/glob.h"

#include "common/utf8.h"

/* Bytes of the first character; what is not UTF-8 counts byte by byte. */
static size_t character(struct span text)
{
	uint32_t code;
	size_t len = utf8_decode(text, &code);

	return len > 0 ? len : 1;
}

/*
 * What a `*` takes need never be given back once a later one has been reached: the last one alone
 * is tried with more and more.
 */
bool glob_matches(struct span pattern, struct span text)
{
	struct span after_star = { NULL, 0 }, retry = { NULL, 0 };
	bool has_star = false;

	while (text.len > 0) {
		if (pattern.len > 0 && pattern.data[0] == '*') {
			pattern = after_star = span_from(pattern, 1);
			retry = text;
			has_star = true;
		} else if (pattern.len > 0 && pattern.data[0] == '?') {
			pattern = span_from(pattern, 1);
			text = span_from(text, character(text));
		} else if (pattern.len > 0 && pattern.data[0] == text.data[0]) {
			pattern = span_from(pattern, 1);
			text = span_from(text, 1);
		} else if (has_star) {
			retry = span_from(retry, 1);
			text = retry;
			pattern = after_star;
		} else {
			return false;
		}
	}
	while (pattern.len > 0 && pattern.data[0] == '*')
		pattern = span_from(pattern, 1);
	return pattern.len == 0;
}
