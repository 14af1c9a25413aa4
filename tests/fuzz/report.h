/* SPDX-License-Identifier: MIT */
/*
 * What every report of a parser of files named "fuzz" looks like: one line an error, fit for a
 * terminal whatever the file holds.
 */
#ifndef TESTS_FUZZ_REPORT_H
#define TESTS_FUZZ_REPORT_H

#include "common/settings.h"

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static inline void require_clean_report(const struct settings_report *report)
{
	struct span rest = str_span(&report->text);
	unsigned lines = 0;

	while (rest.len > 0) {
		struct span line = span_cut(&rest, '\n');

		REQUIRE(span_starts_with(line, span_of_text("fuzz:")));
		for (size_t i = 0; i < line.len; i++)
			REQUIRE(line.data[i] >= 0x20 && line.data[i] != 0x7f);
		lines++;
	}
	REQUIRE(lines == report->errors);
}

#endif
