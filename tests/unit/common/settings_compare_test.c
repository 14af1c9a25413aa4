/* SPDX-License-Identifier: MIT */
#include "common/settings.h"

#include "tests/unit/unit.h"

struct target {
	bool flag;
	uint64_t number;
	char *text, *secret;
	struct text_list list;
	int choice;
	unsigned flags;
};

#define T(type, field) SETTING_FIELD(struct target, type, field)

static const struct setting_choice colours[] = { { "red", 7 }, { "green", -1 }, { NULL, 0 } };
static const struct setting_choice bits[] = { { "low", 1 }, { "high", 4 }, { "all", 5 },
	{ NULL, 0 } };

/* clang-format off */
static const struct setting table[] = {
	{ "flag", SETTING_BOOL, T(bool, flag), 0, 0, "true", 0, "", NULL },
	{ "number", SETTING_NUMBER, T(uint64_t, number), 0, 99, "15", 0, "", NULL },
	{ "count", SETTING_NUMBER, T(uint64_t, number), 0, 99, "15", 0, "Another name.", NULL },
	{ "text", SETTING_TEXT, T(char *, text), 0, 10, NULL, 0, "", NULL },
	{ "secret", SETTING_TEXT, T(char *, secret), 0, 6, NULL, SETTING_SECRET, "", NULL },
	{ "list", SETTING_LIST, T(struct text_list, list), 0, 0, NULL, 0, "", NULL },
	{ "colour", SETTING_CHOICE, T(int, choice), 0, 0, NULL, 0, "", colours },
	{ "bits", SETTING_FLAGS, T(unsigned, flags), 0, 0, NULL, 0, "", bits },
	{ NULL, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};
/* clang-format on */

static struct target before, after;
static struct str told;

static void tell(void *owner, const struct setting *setting)
{
	(void)owner;
	str_printf(&told, "%s: ", setting->name);
	setting_print(setting, &before, &told);
	str_append_text(&told, " to ");
	setting_print(setting, &after, &told);
	str_append_text(&told, "; ");
}

static void read_into(struct target *target, const char *text)
{
	struct settings_grammar grammar = { .global = { .table = table, .target = target } };
	struct settings_report report = { 0 };

	settings_finish(table, target);
	*target = (struct target){ 0 };
	settings_init(table, target);
	assert_true(settings_parse(span_of_text(text), "x", &grammar, NULL, &report));
}

static void assert_changes(const char *first, const char *second, const char *wanted)
{
	read_into(&before, first);
	read_into(&after, second);
	str_clear(&told);
	settings_compare(table, &before, &after, NULL, tell);
	assert_string_equal(str_text(&told), wanted);
}

static int end(void **unused)
{
	(void)unused;
	settings_finish(table, &before);
	settings_finish(table, &after);
	str_finish(&told);
	return 0;
}

static void what_is_the_same_is_not_told(void **unused)
{
	(void)unused;
	assert_changes("", "", "");
	assert_changes("text a\nlist b\nlist c\ncolour red\nbits low",
			"text a\nlist b\nlist c\ncolour red\nbits low", "");
}

static void every_kind_tells_both_values(void **unused)
{
	(void)unused;
	assert_changes("", "flag false", "flag: true to false; ");
	assert_changes("number 3", "", "number: 3 to 15; "); /* not under its other name as well */
	assert_changes("text a", "text b\x01", "text: a to b\\x01; ");
	assert_changes("", "text b", "text: not given to b; ");
	assert_changes("list a", "list a\nlist b", "list: a to a, b; ");
	assert_changes("list a", "", "list: a to not given; ");
	assert_changes("", "colour green", "colour: not given to green; ");
	assert_changes("bits low", "bits all", "bits: low to low high; ");
}

static void a_secret_is_never_told(void **unused)
{
	(void)unused;
	assert_changes("secret a", "secret b", "secret: *** to ***; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_same_is_not_told),
		cmocka_unit_test(every_kind_tells_both_values),
		cmocka_unit_test(a_secret_is_never_told),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
