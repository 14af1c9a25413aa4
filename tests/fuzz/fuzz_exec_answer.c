/* SPDX-License-Identifier: MIT */
/* Any line as a program's answer: one that is taken begins with one of three words. */
#include "plugins/exec/answer.h"

#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = { "OK", "RETRY", "REJECT" };
	struct span line = span_of(data, size), reason;
	enum relay_verdict verdict;

	if (!answer_parse(line, &verdict, &reason))
		return 0;
	REQUIRE(span_starts_with(span_trim(line), span_of_text(words[verdict])));
	REQUIRE(reason.len == 0 ||
			(reason.data >= data && reason.data + reason.len <= data + size));
	return 0;
}
