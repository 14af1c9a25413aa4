/* SPDX-License-Identifier: MIT */
#include "plugins/graphite/metric.h"

#include <math.h>

#include "tests/unit/plugins/host.h"

static void check_path(struct span path, const char *wanted)
{
	struct str got = { 0 };

	assert_true(metric_append_path(&got, path));
	assert_string_equal(str_text(&got), wanted);
	str_finish(&got);
}

static void paths_are_names_of_files(void **state)
{
	(void)state;
	check_path(BYTES("web1.disk"), "web1.disk");
	check_path(BYTES("web1."), "web1"); /* a host's own result has no service */
	check_path(BYTES("..a...b."), "a.b");
	check_path(BYTES("../../etc/passwd"), "_._etc_passwd");
	check_path(BYTES("a;tag=x b\nc 1 2\n\0"), "a_tag_x_b_c_1_2__");
	check_path(BYTES("Gr\xc3\xbcn-1_2"), "Gr__n-1_2");
}

static void a_path_has_a_level_and_an_end(void **state)
{
	char longest[1200];
	struct str got = { 0 };

	(void)state;
	assert_false(metric_append_path(&got, BYTES("")));
	assert_false(metric_append_path(&got, BYTES("...")));
	memset(longest, 'x', sizeof(longest));
	assert_true(metric_append_path(&got, span_of(longest, sizeof(longest))));
	assert_int_equal(got.len, METRIC_MOST_LEVEL);
	for (size_t i = 100; i < sizeof(longest); i += 100)
		longest[i] = '.';
	str_clear(&got);
	assert_false(metric_append_path(&got, span_of(longest, sizeof(longest))));
	assert_int_equal(got.len, 0);
	str_finish(&got);
}

static void check_line(const char *label, double value, const char *wanted)
{
	struct relay_metric metric = { .label = relay_text_of(label), .value = value };
	struct str got = { 0 };

	assert_int_equal(metric_append(&got, BYTES("h.s"), &metric, 1795406706789000000),
			wanted != NULL);
	assert_string_equal(str_text(&got), wanted != NULL ? wanted : "");
	str_finish(&got);
}

static void a_value_is_a_line(void **state)
{
	(void)state;
	check_line("used", 98.2, "h.s.used 98.2 1795406706\n");
	check_line("used", -3, "h.s.used -3 1795406706\n");
	check_line("rta", 0.1 + 0.2, "h.s.rta 0.30000000000000004 1795406706\n");
	check_line("big", 1e22, "h.s.big 1e+22 1795406706\n");
	check_line("/var/log.1 %", 1, "h.s._var_log_1__ 1 1795406706\n");
	check_line("a\n b 1 1", 1, "h.s.a__b_1_1 1 1795406706\n");
	check_line("", 1, "h.s._ 1 1795406706\n");
}

static void what_is_no_number_is_left_out(void **state)
{
	(void)state;
	check_line("used", NAN, NULL);
	check_line("used", INFINITY, NULL);
	check_line("used", -INFINITY, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_names_of_files),
		cmocka_unit_test(a_path_has_a_level_and_an_end),
		cmocka_unit_test(a_value_is_a_line),
		cmocka_unit_test(what_is_no_number_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
