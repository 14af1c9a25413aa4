/* SPDX-License-Identifier: MIT */
/*
 * Any bytes in the place of the fields of a path: what is not refused is a path below the folder of
 * the template, with as many parts as that has, as the C library reads it.
 */
#include "plugins/file/path.h"

#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(const char *below, size_t parts)
{
	struct span rest = span_of_text(below);
	size_t count = 0;

	while (rest.data != NULL) {
		struct span part = span_cut(&rest, '/');

		count++;
		REQUIRE(part.len > 0);
		REQUIRE(!span_equal_text(part, ".") && !span_equal_text(part, ".."));
	}
	REQUIRE(count == parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span first = span_of(data, size), second;
	struct path_rule rule = { 0 };
	char problem[RELAY_REASON];
	struct str path = { 0 };

	/* The fields are parted by the first | of the input. */
	first = span_cut(&first, '|');
	second = span_from(span_of(data, size), first.len + 1);
	REQUIRE(path_rule_parse("/log/a-${host}/${service}.log", &rule, problem));
	str_append_text(&path, "/log/a-");
	str_append(&path, first);
	str_append_byte(&path, '/');
	str_append(&path, second);
	str_append_text(&path, ".log");
	if (path_refused(&rule, str_span(&path)) == NULL) {
		REQUIRE(strlen(path.text) == path.len);
		check_parts(path.text + strlen("/log/"), 2);
	}
	str_finish(&path);
	path_rule_finish(&rule);
	return 0;
}
