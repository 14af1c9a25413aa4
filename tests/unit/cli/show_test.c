/* SPDX-License-Identifier: MIT */
#include "cli/columns.h"
#include "cli/plugin_answer.h"
#include "cli/watch_line.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

static struct str text;

static int forget(void **unused)
{
	(void)unused;
	str_finish(&text);
	return 0;
}

static const char *seconds_text(double seconds)
{
	str_clear(&text);
	show_seconds(&text, seconds);
	return str_text(&text);
}

static void times_have_two_units(void **unused)
{
	(void)unused;
	assert_string_equal(seconds_text(-3), "0 s");
	assert_string_equal(seconds_text(0), "0 s");
	assert_string_equal(seconds_text(0.26), "0.3 s");
	assert_string_equal(seconds_text(12.9), "12 s");
	assert_string_equal(seconds_text(185), "3 min 5 s");
	assert_string_equal(seconds_text(7385), "2 h 3 min");
	assert_string_equal(seconds_text(273600), "3 d 4 h");
	assert_string_equal(seconds_text(1e300), "0 s");
}

static void columns_are_as_wide_as_their_widest_cell(void **unused)
{
	struct columns c = { 0 };
	struct str figure = { 0 };
	char *printed;
	size_t len;
	FILE *out = open_memstream(&printed, &len);

	(void)unused;
	columns_text(&c, COLOUR_NONE, "name");
	columns_text(&c, COLOUR_NONE, "n");
	columns_end_row(&c);
	columns_text(&c, COLOUR_RED, "m\xc3\xbcller");
	str_append_text(&figure, "7");
	columns_figure(&c, COLOUR_NONE, &figure);
	columns_text(&c, COLOUR_NONE, "last");
	columns_end_row(&c);
	columns_print(&c, "> ", true, out);
	fclose(out);
	assert_string_equal(printed, "> name    n\n> \033[31mm\xc3\xbcller\033[0m  7  last\n");
	free(printed);
}

static const char *answer(struct plugin_answer *a, int code, bool json)
{
	char *printed;
	size_t len;
	FILE *out = open_memstream(&printed, &len);

	assert_int_equal(plugin_answer_print(a, "X", json, out), code);
	fclose(out);
	str_clear(&text);
	str_append_text(&text, printed);
	free(printed);
	return str_text(&text);
}

static void the_worst_is_the_answer(void **unused)
{
	struct plugin_answer a = { 0 };

	(void)unused;
	plugin_answer_add(&a, PLUGIN_OK, "fine");
	assert_string_equal(answer(&a, PLUGIN_OK, false), "X OK - fine\n");
	plugin_answer_add(&a, PLUGIN_UNKNOWN, "what | now");
	plugin_answer_add(&a, PLUGIN_WARNING, "hm");
	assert_string_equal(
			answer(&a, PLUGIN_UNKNOWN, false), "X UNKNOWN - fine / what ! now / hm\n");
	plugin_answer_add(&a, PLUGIN_CRITICAL, "bad");
	plugin_answer_perfdata(&a, "it's=|", "lag", 0.5, "s", 0, 9);
	plugin_answer_perfdata(&a, "", "n", 3, "c", 0, 0);
	assert_string_equal(answer(&a, PLUGIN_CRITICAL, false),
			"X CRITICAL - fine / what ! now / hm / bad | 'it''s__lag'=0.500s;;9 "
			"'n'=3c\n");
	assert_non_null(strstr(answer(&a, PLUGIN_CRITICAL, true), "\"code\":2,\"text\":\"fine / "));
	plugin_answer_finish(&a);
}

/* Of a message at a second when its time has just been; without the clock in front. */
static const char *line(const char *topic, const char *payload, size_t lines)
{
	const struct wall_time now = { 1795428004000000000 };

	str_clear(&text);
	assert_int_equal(watch_line_append(&text, span_of_text(topic), span_of_text(payload), now,
					 false),
			lines);
	return text.len > 13 ? str_text(&text) + 13 : str_text(&text);
}

static void results_are_read_by_all_names_of_keys(void **unused)
{
	(void)unused;
	assert_string_equal(line("nagios/h/s", "{\"state\":0,\"output\":\"o\"}", 1),
			"h s                          OK       o\n");
	assert_string_equal(line("nagios/h/s", "{\"msg\":\"m\",\"RC\":\"2\",\"ts\":1795428000}", 1),
			"h s                          CRITICAL m  (4.0 s old)\n");
	assert_string_equal(line("nagios/h", "{\"code\":1,\"output\":\"a\",\"text\":\"b\"}", 1),
			"h                            DOWN     a\n");
	assert_string_equal(
			line("nagios/h/s", "{\"checkresults\":[{\"checkresult\":{\"state\":3}}]}",
					1),
			"h s                          UNKNOWN  \n");
	line("nagios/h", "[1,{},[]]", 3);
	line("nagios/h", "[]", 0);
	assert_string_equal(line("plan/of/others", "2 text", 1),
			"plan/of/others               CRITICAL text\n");
}

static void strange_payloads_are_shown_escaped(void **unused)
{
	(void)unused;
	assert_string_equal(line("nagios/h/s", "\x1b]0;x\x07\n\xff", 1),
			"h s                          ?        \\x1b]0;x\\x07\\x0a\\xff\n");
	assert_string_equal(line("nagios/h/s", "", 1), "h s                          ?        \n");
	assert_string_equal(line("belfry/reject/nagios/h", "\x1b", 1),
			"REFUSED  nagios/h: the gateway does not say why\n");
}

#define test(t) cmocka_unit_test_teardown(t, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(times_have_two_units),
		test(columns_are_as_wide_as_their_widest_cell),
		test(the_worst_is_the_answer),
		test(results_are_read_by_all_names_of_keys),
		test(strange_payloads_are_shown_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
