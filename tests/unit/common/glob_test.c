/* SPDX-License-Identifier: MIT */
#include "common/glob.h"

#include "tests/unit/unit.h"

static void patterns_match_whole_texts(void **unused)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "web1", "web1", true },
		{ "web1", "web12", false },
		{ "eb1", "web1", false },
		{ "web1", "Web1", false },
		{ "*", "", true },
		{ "*", "anything at all", true },
		{ "web*", "web", true },
		{ "web*", "web-1", true },
		{ "web*", "aweb", false },
		{ "*db", "webdb", true },
		{ "*db", "dbweb", false },
		{ "a*b*c", "axxbyybzzc", true },
		{ "a*b*c", "axxbyybzz", false },
		{ "**a**", "xay", true },
		{ "*ab", "aab", true },
		{ "*aab*", "aaab", true },
		{ "web?", "web1", true },
		{ "web?", "web", false },
		{ "web?", "web12", false },
		{ "?*", "", false },
		{ "?*", "x", true },
		{ "Disk?/var", "Disk /var", true },
		{ "caf?", "caf\xc3\xa9", true },
		{ "caf??", "caf\xc3\xa9", false },
		{ "a?b",
				"a\xff"
				"b",
				true },
		{ "[ab]", "a", false },
		{ "[ab]", "[ab]", true },
		{ "a\\*", "a*", false },
		{ "a+", "aa", false },
		{ ".", "a", false },
	};

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		if (glob_matches(span_of_text(cases[i].pattern), span_of_text(cases[i].text)) !=
				cases[i].matches)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
	}
}

static void a_newline_ends_nothing(void **unused)
{
	(void)unused;
	assert_false(glob_matches(span_of_text("web1"), span_of_text("web1\n")));
	assert_false(glob_matches(span_of_text("web1"), BYTES("web1\0x")));
	assert_true(glob_matches(span_of_text("a*"), span_of_text("a\nb")));
}

/* Exponential matchers never come back from this. */
static void hostile_patterns_take_no_longer(void **unused)
{
	char text[4096], pattern[2 * 1000 + 2];

	(void)unused;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < 1000; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	memcpy(pattern + 2000, "*b", 2);
	assert_false(glob_matches(span_of(pattern, sizeof(pattern)), span_of(text, sizeof(text))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_whole_texts),
		cmocka_unit_test(a_newline_ends_nothing),
		cmocka_unit_test(hostile_patterns_take_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
