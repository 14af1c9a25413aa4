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

static const struct {
	const char *text;
	struct perfdata_item metrics[3]; /* until one without a label */
} readings[] = {
	{ "", { { .label = SPAN("") } } },
	{ "used=98%;80;90;0;100", { ITEM("used", "98", "%", "80", "90", "0", "100") } },
	{ "a=1 b=-2.5ms  c=+.5", { ITEM("a", "1", "", "", "", "", ""),
						 ITEM("b", "-2.5", "ms", "", "", "", ""),
						 ITEM("c", "+.5", "", "", "", "", "") } },
	{ "'a b'=1;@10:20;~:5;;9", { ITEM("a b", "1", "", "@10:20", "~:5", "", "9") } },
	{ "'it''s a=b'=1", { ITEM("it's a=b", "1", "", "", "", "", "") } },
	{ "''''=1", { ITEM("'", "1", "", "", "", "", "") } },
	{ "rta=0.2ms;100.0,20%", { ITEM("rta", "0.2", "ms", "", "", "", "") } },
	{ "a=U;1;2", { ITEM("a", "", "", "1", "2", "", "") } },
	{ "a=5.;10:;", { ITEM("a", "5.", "", "10:", "", "", "") } },
	{ "a=1e3 b=2e c=1E-2s",
			{ ITEM("a", "1e3", "", "", "", "", ""), ITEM("b", "2", "e", "", "", "", ""),
					ITEM("c", "1E-2", "s", "", "", "", "") } },
	/* Limits that are none are left out, and what is no item is passed over. */
	{ "a=1;x;:;low;1:2", { ITEM("a", "1", "", "", "", "", "") } },
	{ "junk =1 a= b=x c=1,5 d=. e=- f=1e999 'g=x z=3", { ITEM("z", "3", "", "", "", "", "") } },
	{ "'a'b=1 'c'=2", { ITEM("'a'b", "1", "", "", "", "", ""),
					  ITEM("c", "2", "", "", "", "", "") } },
};

static void items_are_read_back(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(readings); i++) {
		struct perfdata_reader r = perfdata_reader_of(span_of_text(readings[i].text));
		struct perfdata_metric m;

		print_message("%s\n", readings[i].text);
		for (size_t k = 0; k < array_size(readings[i].metrics); k++) {
			const struct perfdata_item *wanted = &readings[i].metrics[k];

			if (wanted->label.len == 0)
				break;
			assert_true(perfdata_next(&r, &m));
			assert_true(span_equal(m.label, wanted->label));
			assert_true(span_equal(m.value, wanted->value));
			assert_true(span_equal(m.unit, wanted->uom));
			assert_true(span_equal(m.warn, wanted->warn));
			assert_true(span_equal(m.crit, wanted->crit));
			assert_true(span_equal(m.min, wanted->min));
			assert_true(span_equal(m.max, wanted->max));
		}
		assert_false(perfdata_next(&r, &m));
		perfdata_reader_finish(&r);
	}
}

static void numbers_are_written_as_json_has_them(void **unused)
{
	static const char *const good[][2] = { { "0", "0" }, { "-5", "-5" }, { "+5", "5" },
		{ ".5", "0.5" }, { "-.5", "-0.5" }, { "5.", "5" }, { "007", "7" }, { "000", "0" },
		{ "-00.10", "-0.10" }, { "1e-3", "1e-3" }, { "1.E+05", "1e+05" },
		{ "1e240", "1e240" } };
	static const char *const bad[] = { "", "-", ".", "+.", "U", "1e", "e5", "1 ", " 1", "1,5",
		"0x10", "inf", "nan", "1e241", "1e-241", "--1",
		"1234567890123456789012345678901234567890123456789012345678901" };

	(void)unused;
	for (size_t i = 0; i < array_size(good); i++) {
		struct str s = { 0 };

		assert_true(perfdata_is_number(span_of_text(good[i][0])));
		perfdata_append_number(&s, span_of_text(good[i][0]));
		assert_string_equal(str_text(&s), good[i][1]);
		str_finish(&s);
	}
	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(perfdata_is_number(span_of_text(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_are_written_as_the_guidelines_say_or_refused),
		cmocka_unit_test(items_are_parted_by_one_blank),
		cmocka_unit_test(items_are_read_back),
		cmocka_unit_test(numbers_are_written_as_json_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
