/* SPDX-License-Identifier: MIT */
#include "plugins/file/path.h"

#include "tests/unit/unit.h"

static void assert_wrong(const char *text, const char *word)
{
	struct path_rule rule = { 0 };
	char problem[RELAY_REASON] = "";

	assert_false(path_rule_parse(text, &rule, problem));
	assert_non_null(strstr(problem, word));
	path_rule_finish(&rule);
}

static struct path_rule rule_of(const char *text)
{
	struct path_rule rule = { 0 };
	char problem[RELAY_REASON] = "";

	assert_true(path_rule_parse(text, &rule, problem));
	return rule;
}

static void assert_refused(const char *template, struct span path, const char *word)
{
	struct path_rule rule = rule_of(template);
	const char *refused = path_refused(&rule, path);

	if (word == NULL)
		assert_null(refused);
	else
		assert_true(refused != NULL && strstr(refused, word) != NULL);
	path_rule_finish(&rule);
}

static void templates_have_to_name_a_folder(void **state)
{
	(void)state;
	assert_wrong("x.log", "absolute");
	assert_wrong("${topic}/x.log", "absolute");
	assert_wrong("/${topic[1]}/x.log", "begin it with a folder");
	assert_wrong("/${topic[1]}", "begin it with a folder");
	assert_wrong("/var/log/", "names a folder");
	assert_wrong("/var/log/${host}/", "names a folder");
	assert_wrong("/var/../log/${host}", "..");
	assert_wrong("/var/log/.${host}", "hidden");
	assert_wrong("/var/log/${host}/.x", "dot");
}

static void a_rule_knows_what_is_constant(void **state)
{
	struct path_rule rule = rule_of("/var/$$log/a-${topic[1]}/${time:%Y/%m}/x.log");

	(void)state;
	assert_string_equal(rule.base, "/var/$log/");
	assert_int_equal(rule.base_len, 10);
	assert_int_equal(rule.slashes, 3);
	assert_false(rule.is_constant);
	assert_false(rule.ends_in_field);
	path_rule_finish(&rule);

	rule = rule_of("/x.log");
	assert_true(rule.is_constant);
	assert_string_equal(rule.base, "/");
	path_rule_finish(&rule);

	rule = rule_of("/log/${host}.${time:%F}");
	assert_true(rule.ends_in_field);
	path_rule_finish(&rule);
}

static void assert_text(const char *template, const char *path, const char *word)
{
	assert_refused(template, span_of_text(path), word);
}

static void ordinary_paths_are_taken(void **state)
{
	(void)state;
	assert_text("/log/${host}.log", "/log/web1.log", NULL);
	assert_text("/log/a/${host}/${service}.log", "/log/a/web1/disk \xc3\xa4.log", NULL);
	assert_text("/log/${host}-${time:%Y/%m}.log", "/log/web1-2026/11.log", NULL);
	assert_text("/log/x.log", "/log/x.log", NULL);
	assert_text("/log/${host}..log", "/log/web1..log", NULL);
}

static void nothing_leads_out_of_the_folder(void **state)
{
	(void)state;
	assert_text("/log/${host}", "/log/..", "dot");
	assert_text("/log/${host}", "/log/.", "dot");
	assert_text("/log/${host}", "/log/.profile", "dot");
	assert_text("/log/${host}", "/log/", "empty");
	assert_text("/log/${host}/x", "/log//x", "empty");
	assert_text("/log/${host}/x", "/log/../x", "dot");
	assert_text("/log/${host}/${service}", "/log/a/..", "dot");
	assert_text("/log/${host}", "/log/a/b", "/");
	assert_text("/log/${host}", "/log/../../etc/passwd", "/");
	assert_text("/log/${host}-${service}", "/log/a/../b-", "/");
	assert_text("/log/${host}", "/etc/passwd", "out of the folder");
	assert_text("/log/${host}", "", "out of the folder");
}

static void odd_names_are_refused(void **state)
{
	char longer[5000];

	(void)state;
	assert_refused("/log/${host}.log", span_of("/log/a\0.log", 11), "control");
	assert_text("/log/${host}.log", "/log/a\nb.log", "control");
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, "/log/", 5);
	assert_refused("/log/${host}", span_of(longer, 5 + 255), NULL);
	assert_refused("/log/${host}", span_of(longer, 5 + 256), "255");
	assert_refused("/log/${host}", span_of(longer, 5000), "4095");
}

static void a_name_leaves_room_for_what_renaming_adds(void **state)
{
	struct path_rule rule = rule_of("/log/${host}/${service}.log");
	char path[5 + 255 + 1 + 253];

	(void)state;
	memset(path, 'a', sizeof(path));
	memcpy(path, "/log/", 5);
	path[5 + 255] = '/';
	rule.reserved = 2;
	assert_null(path_refused(&rule, span_of(path, sizeof(path))));
	rule.reserved = 3;
	assert_non_null(strstr(path_refused(&rule, span_of(path, sizeof(path))), ".1"));
	path_rule_finish(&rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_have_to_name_a_folder),
		cmocka_unit_test(a_rule_knows_what_is_constant),
		cmocka_unit_test(ordinary_paths_are_taken),
		cmocka_unit_test(nothing_leads_out_of_the_folder),
		cmocka_unit_test(odd_names_are_refused),
		cmocka_unit_test(a_name_leaves_room_for_what_renaming_adds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
