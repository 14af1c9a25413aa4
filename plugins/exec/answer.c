/* SPDX-License-Identifier: MIT */
#include "plugins/exec/answer.h"

bool answer_parse(struct span line, enum relay_verdict *ret, struct span *ret_reason)
{
	static const struct {
		const char *word;
		enum relay_verdict verdict;
		bool takes_reason;
	} answers[] = {
		{ "OK", RELAY_OK, false },
		{ "RETRY", RELAY_RETRY, true },
		{ "REJECT", RELAY_REJECT, true },
	};
	struct span rest = span_trim(line);
	struct span word = span_cut(&rest, ' ');

	for (size_t i = 0; i < array_size(answers); i++) {
		if (!span_equal_text(word, answers[i].word))
			continue;
		*ret = answers[i].verdict;
		*ret_reason = span_trim(rest);
		return answers[i].takes_reason || ret_reason->len == 0;
	}
	return false;
}
