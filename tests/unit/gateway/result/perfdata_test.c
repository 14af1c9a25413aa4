/* SPDX-License-Identifier: MIT */
#include "gateway/result/perfdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ITEM(l, v, u, w, c, lo, hi)                                                                \
	{                                                                                          \
		SPAN(l), SPAN(v), SPAN(u), SPAN(w), SPAN(c), SPAN(lo), SPAN(hi)                    \
	}

static const struct {
	struct perfdata_item item;
	const char *text; /* NULL: refused */
} items[] = {
	{ ITEM("used", "98", "", "", "", "", ""), "used=98" },
	{ ITEM("used", "98", "%", "80", "90", "0", "100"), "used=98%;80;90;0;100" },
	{ ITEM("used", "98", "", "80", "", "", ""), "used=98;80" },
	{ ITEM("used", "98", "", "", "", "", "100"), "used=98;;;;100" },
	{ ITEM("used", "98", "", "@~:10", "5:", "", ""), "used=98;@~:10;5:" },
	{ ITEM("used", "98%;80;90", "", "", "", "", ""), "used=98%;80;90" },
	{ ITEM("a b", "1", "", "", "", "", ""), "'a b'=1" },
	{ ITEM("a=b", "1", "", "", "", "", ""), "'a=b'=1" },
	{ ITEM("it's", "1", "", "", "", "", ""), "'it''s'=1" },
	{ ITEM("'", "1", "", "", "", "", ""), "''''=1" },
	{ ITEM("a\nb", "1", "", "", "", "", ""), "'a b'=1" },
	{ ITEM(" a ", "1", "", "", "", "", ""), "a=1" },
	{ ITEM("/", "-1.5", "MB", "", "", "", ""), "/=-1.5MB" },
	{ ITEM("", "1", "", "", "", "", ""), NULL },
	{ ITEM(" ", "1", "", "", "", "", ""), NULL },
	{ ITEM("a", "", "", "", "", "", ""), NULL },
	{ ITEM("a", "1 b=2", "", "", "", "", ""), NULL },
	{ ITEM("a", "1|b", "", "", "", "", ""), NULL },
	{ ITEM("a", "1'", "", "", "", "", ""), NULL },
	{ ITEM("a", "1\n", "", "", "", "", ""), NULL },
	{ ITEM("a", ";1", "", "", "", "", ""), NULL },
	{ ITEM("a", "1;2", "", "3", "", "", ""), NULL },
	{ ITEM("a", "1;2", "%", "", "", "", ""), NULL },
	{ ITEM("a", "1", "1", "", "", "", ""), NULL },
	{ ITEM("a", "1", "a b", "", "", "", ""), NULL },
	{ ITEM("a", "1", "s;", "", "", "", ""), NULL },
	{ ITEM("a", "1", "", "1;2", "", "", ""), NULL },
	{ ITEM("a", "1", "", "", "", "", "1 2"), NULL },
};

static void items_are_written_as_the_guidelines_say_or_refused(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(items); i++) {
		struct str s = { 0 };

		print_message("case %zu\n", i);
		assert_int_equal(perfdata_append(&s, &items[i].item), items[i].text != NULL);
		assert_string_equal(str_text(&s), items[i].text != NULL ? items[i].text : "");
		str_finish(&s);
	}
}

static void items_are_parted_by_one_blank(void **unused)
{
	struct perfdata_item item = ITEM("a", "1", "", "", "", "", "");
	struct str s = { 0 };

	(void)unused;
	perfdata_append(&s, &item);
	perfdata_append(&s, &item);
	perfdata_append_line(&s, span_of_text("  b=2\tc=3\r\n"));
	perfdata_append_line(&s, span_of_text(" "));
	perfdata_append(&s, &item);
	assert_string_equal(str_text(&s), "a=1 a=1 b=2 c=3 a=1");
	str_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_are_written_as_the_guidelines_say_or_refused),
		cmocka_unit_test(items_are_parted_by_one_blank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
