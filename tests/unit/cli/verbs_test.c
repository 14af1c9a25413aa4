/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/options.h"

static void test_find(void **unused)
{
	const char *nearest = NULL;

	(void)unused;
	assert_ptr_equal(verb_find("submit", &nearest), &submit_verb);
	assert_ptr_equal(verb_find("demo", &nearest), &demo_verb);
	assert_non_null(verb_find("help", &nearest));
	assert_null(verb_find("sumbit", &nearest));
	assert_string_equal(nearest, "submit");
	assert_null(verb_find("xyzzy", &nearest));
	assert_null(nearest);
	assert_null(verb_find("", &nearest));
}

/* Every verb can tell about itself, and every option has a text. */
static void test_help(void **unused)
{
	static const char *const names[] = { "submit", "demo", "status", "hosts", "passwd", "cert",
		"store", "help" };
	const char *nearest;

	(void)unused;
	for (size_t i = 0; i < array_size(names); i++) {
		const struct verb *verb = verb_find(names[i], &nearest);
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		verb_print_help(verb, out);
		fclose(out);
		assert_non_null(strstr(text, "usage: belfry "));
		for (struct span rest = span_of_text(verb->usage); rest.data != NULL;) {
			struct span form = span_cut(&rest, '\n');
			char *line = span_dup_text(form);

			assert_non_null(strstr(text, line));
			free(line);
		}
		free(text);
		for (const struct setting *s = verb->options; s != NULL && s->name != NULL; s++)
			assert_non_null(s->help);
	}
}

struct target {
	char *text, *maybe;
	uint64_t number;
	bool verbose;
};

#define T(type, field) SETTING_FIELD(struct target, type, field)
static const struct setting table[] = {
	{ "text", SETTING_TEXT, T(char *, text), 0, 10, NULL, 0, "A text.", NULL },
	{ "number", SETTING_NUMBER, T(uint64_t, number), 1, 9, "5", 0, "A number.", NULL },
	{ "maybe", SETTING_TEXT, T(char *, maybe), 0, 10, NULL, OPTION_MAY_BE_EMPTY, "A text.",
			NULL },
	{ "verbose", SETTING_BOOL, T(bool, verbose), 0, 0, "false", 0, "More.", NULL },
	{ 0 },
};
static const struct verb verb = { .name = "test", .usage = "", .options = table };

static enum options_outcome read_words(
		struct target *t, int argc, const char *const *words, int *rest)
{
	char *argv[8] = { (char *)(uintptr_t) "test" };

	for (int i = 0; i < argc; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	memset(t, 0, sizeof(*t));
	return options_read(&verb, t, argc + 1, argv, rest);
}

static void test_options(void **unused)
{
	static const char *const good[] = { "--text", "a", "--number=7", "-v", "--", "--text" };
	struct target t;
	int rest;

	(void)unused;
	assert_int_equal(read_words(&t, 0, NULL, &rest), OPTIONS_READ);
	assert_int_equal(t.number, 5);
	assert_null(t.text);
	assert_int_equal(rest, 1);
	settings_finish(table, &t);
	assert_int_equal(read_words(&t, 6, good, &rest), OPTIONS_READ);
	assert_int_equal(t.number, 7);
	assert_string_equal(t.text, "a");
	assert_true(t.verbose);
	assert_int_equal(rest, 6);
	settings_finish(table, &t);
	assert_int_equal(
			read_words(&t, 1, (const char *const[]){ "--text=" }, &rest), OPTIONS_READ);
	assert_string_equal(t.text, "");
	settings_finish(table, &t);
}

static void test_options_that_may_be_empty(void **unused)
{
	static const struct {
		const char *words[2];
		int count;
		const char *text;
		bool verbose;
	} cases[] = {
		{ { "--maybe" }, 1, "", false },
		{ { "--maybe", "-v" }, 2, "", true },
		{ { "--maybe", "x" }, 2, "x", false },
		{ { "--maybe=x", "-v" }, 2, "x", true },
	};
	struct target t;
	int rest;

	(void)unused;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(read_words(&t, cases[i].count, cases[i].words, &rest),
				OPTIONS_READ);
		assert_string_equal(t.maybe, cases[i].text);
		assert_int_equal(t.verbose, cases[i].verbose);
		settings_finish(table, &t);
	}
}

static void test_wrong_options(void **unused)
{
	static const char *const wrong[] = { "--nubmer=1", "--number=10", "--number=x", "--number",
		"word", "-x", "-", "--text=12345678901", "--=1" };
	struct target t;
	int rest;

	(void)unused;
	for (size_t i = 0; i < array_size(wrong); i++) {
		assert_int_equal(read_words(&t, 1, &wrong[i], &rest), OPTIONS_WRONG);
		settings_finish(table, &t);
	}
}

/* Words stand where they like; behind -- everything is one. */
static void test_words_between_options(void **unused)
{
	static const char *const words[] = { "test", "a", "--number", "7", "b", "-v", "--", "-c" };
	char *argv[8], *found[8];
	struct target t = { 0 };
	int count;

	(void)unused;
	for (size_t i = 0; i < array_size(words); i++)
		argv[i] = (char *)(uintptr_t)words[i];
	assert_int_equal(options_read_words(&verb, &t, 8, argv, found, &count), OPTIONS_READ);
	assert_int_equal(count, 3);
	assert_string_equal(found[0], "a");
	assert_string_equal(found[1], "b");
	assert_string_equal(found[2], "-c");
	assert_int_equal(t.number, 7);
	assert_true(t.verbose);
	settings_finish(table, &t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_that_may_be_empty),
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_words_between_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
