/* SPDX-License-Identifier: MIT */
#include "broker/core/acl_parse.h"

#include <stdio.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

static const struct {
	const char *text, *error; /* all of it, without "acl:" and the newline; NULL: good */
} lines[] = {
	{ "topic a/b", NULL },
	{ "topic read", NULL }, /* a topic of that name, as in Mosquitto */
	{ "topic deny #", NULL },
	{ "topic   write  \t a b/+  \r", NULL },
	{ "  topic a\n\n#topic\n  # topic\nuser x y\npattern %c", NULL },
	{ "topic", "1: 'topic': needs a topic behind it" },
	{ "pattern ", "1: 'pattern': needs a topic behind it" },
	{ "user", "1: 'user': needs a user name behind it" },
	{ "topic raed a", "1: 'raed': unknown access; did you mean 'read'?" },
	{ "topic foo a",
			"1: 'foo': unknown access; write read, write, readwrite or deny before the "
			"topic" },
	{ "\n\ntopics a", "3: 'topics': unknown keyword; did you mean 'topic'?" },
	{ "allow a", "1: 'allow': unknown keyword; a line begins with topic, user or pattern" },
	{ "user a\1b", "1: 'a\\x01b': is no user name that a client could send; write it in "
		       "UTF-8" },
	{ "user \xff", "1: '\\xff': is no user name that a client could send; write it in "
		       "UTF-8" },
	{ "topic read a/#/b",
			"1: 'a/#/b': is no topic filter; + and # stand alone in their level, # in "
			"the last one, and there are at most 200 levels of UTF-8 text" },
	{ "pattern a+", "1: 'a+': is no topic filter; + and # stand alone in their level, # in the "
			"last one, and there are at most 200 levels of UTF-8 text" },
	{ "topic x y\nuser\ntopic a\nusr z",
			"1: 'x': unknown access; write read, write, readwrite or deny before the "
			"topic\nacl:2: 'user': needs a user name behind it\nacl:4: 'usr': unknown "
			"keyword; did you mean 'user'?" },
};

static void lines_are_taken_or_refused_with_place_and_remedy(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(lines); i++) {
		struct settings_report report = { 0 };
		struct acl *acl = acl_parse(span_of_text(lines[i].text), "acl", 1, &report);
		char *wanted = NULL;

		print_message("%s\n", lines[i].text);
		assert_int_equal(acl == NULL, lines[i].error != NULL);
		if (lines[i].error != NULL) {
			assert_true(asprintf(&wanted, "acl:%s\n", lines[i].error) > 0);
			assert_string_equal(str_text(&report.text), wanted);
		}
		free(wanted);
		acl_unref(acl);
		str_finish(&report.text);
	}
}

static void errors_of_other_files_do_not_matter(void **unused)
{
	struct settings_report report = { .errors = 1 };
	struct acl *acl = acl_parse(BYTES("topic a"), "acl", 1, &report);

	(void)unused;
	assert_non_null(acl);
	acl_unref(acl);
}

/* Deeper than any topic: nothing recurses further. */
static void a_filter_of_too_many_levels_is_refused(void **unused)
{
	struct settings_report report = { 0 };
	struct str text = { 0 };

	(void)unused;
	str_append_text(&text, "topic a");
	for (unsigned i = 0; i < 200; i++)
		str_append_text(&text, "/a");
	assert_null(acl_parse(str_span(&text), "acl", 1, &report));
	assert_int_equal(report.errors, 1);
	str_finish(&text);
	str_finish(&report.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_taken_or_refused_with_place_and_remedy),
		cmocka_unit_test(errors_of_other_files_do_not_matter),
		cmocka_unit_test(a_filter_of_too_many_levels_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
