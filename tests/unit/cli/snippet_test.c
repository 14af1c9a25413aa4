/* SPDX-License-Identifier: MIT */
#include "cli/snippet.h"

#include "tests/unit/unit.h"

static const struct snippet_style nagios = { SNIPPET_NAGIOS, "generic-host", "generic-service",
	NULL };
static const struct snippet_style icinga2 = { SNIPPET_ICINGA2, "h", "s", "dummy" };

static void nagios_definitions_have_passive_checks_alone(void **unused)
{
	struct str s = { 0 };

	(void)unused;
	snippet_add_host(&s, &nagios, span_of_text("web9"));
	snippet_add_service(&s, &nagios, span_of_text("web9"), span_of_text("Disk /var"));
	assert_string_equal(str_text(&s), "define host {\n"
					  "    use                     generic-host\n"
					  "    host_name               web9\n"
					  "    max_check_attempts      1\n"
					  "    active_checks_enabled   0\n"
					  "    passive_checks_enabled  1\n"
					  "}\n"
					  "\n"
					  "define service {\n"
					  "    use                     generic-service\n"
					  "    host_name               web9\n"
					  "    service_description     Disk /var\n"
					  "    check_command           return-unknown\n"
					  "    max_check_attempts      1\n"
					  "    active_checks_enabled   0\n"
					  "    passive_checks_enabled  1\n"
					  "}\n"
					  "\n");
	str_finish(&s);
}

static void icinga_definitions_have_passive_checks_alone(void **unused)
{
	struct str s = { 0 };

	(void)unused;
	snippet_add_host(&s, &icinga2, span_of_text("web9"));
	snippet_add_service(&s, &icinga2, span_of_text("web9"), span_of_text("Disk /var"));
	assert_string_equal(str_text(&s), "object Host \"web9\" {\n"
					  "  import \"h\"\n"
					  "  check_command = \"dummy\"\n"
					  "  max_check_attempts = 1\n"
					  "  enable_active_checks = false\n"
					  "  enable_passive_checks = true\n"
					  "}\n"
					  "\n"
					  "object Service \"Disk /var\" {\n"
					  "  import \"s\"\n"
					  "  host_name = \"web9\"\n"
					  "  check_command = \"dummy\"\n"
					  "  max_check_attempts = 1\n"
					  "  enable_active_checks = false\n"
					  "  enable_passive_checks = true\n"
					  "}\n"
					  "\n");
	str_finish(&s);
}

static bool is_valid(enum snippet_core core, const char *name)
{
	struct str problem = { 0 };
	bool host = snippet_host_valid(core, span_of_text(name), &problem), service;

	if (!host && problem.len == 0)
		fail_msg("no sentence about '%s'", name);
	for (size_t i = 0; i < problem.len; i++)
		assert_true((unsigned char)problem.text[i] >= 0x20 && problem.text[i] != 0x7f);
	service = snippet_service_valid(core, span_of_text(name), &problem);
	assert_int_equal(host, service);
	str_finish(&problem);
	return host;
}

static void ordinary_names_are_taken(void **unused)
{
	static const char *const names[] = { "web1", "db-1.example.com", "Disk /var", "a+b", "50",
		"caf\xc3\xa9", "x@y:z", "[1]", "nullable", "C#" };

	(void)unused;
	for (size_t i = 0; i < array_size(names); i++) {
		if (!is_valid(SNIPPET_NAGIOS, names[i]) || !is_valid(SNIPPET_ICINGA2, names[i]))
			fail_msg("%s", names[i]);
	}
}

/* What ends a line, a definition, a text or a value, and what makes two lines one. */
static void names_that_could_break_out_are_refused(void **unused)
{
	static const char *const names[] = { "", " web", "web ", "a\nb", "a\n}\ndefine host {",
		"a\rb", "a;b", "a\"b", "a\" {} object ApiUser \"root", "a}", "{", "a`b", "a\\",
		"\\n", "a\tb",
		"a\x7f"
		"b",
		"a\xff",
		"a\xc2\x85"
		"b",
		"a\x1b[2J" };

	(void)unused;
	for (size_t i = 0; i < array_size(names); i++) {
		if (is_valid(SNIPPET_NAGIOS, names[i]) || is_valid(SNIPPET_ICINGA2, names[i]))
			fail_msg("%s", names[i]);
	}
}

/* A list, a pattern, an exclusion, no value, an addition; a macro; of Icinga: host!service. */
static void names_that_mean_something_to_a_core_are_refused(void **unused)
{
	static const char *const to_nagios[] = { "a,b", "*", "web*", "?", "!web1", "null", "+web1",
		"#web1", "$HOSTNAME$", "C: (100%)" };

	(void)unused;
	for (size_t i = 0; i < array_size(to_nagios); i++) {
		if (is_valid(SNIPPET_NAGIOS, to_nagios[i]))
			fail_msg("%s", to_nagios[i]);
	}
	assert_true(is_valid(SNIPPET_ICINGA2, "C: (100%)"));
	assert_false(is_valid(SNIPPET_ICINGA2, "a!b"));
}

static void templates_and_commands_are_words(void **unused)
{
	struct snippet_style styles[] = { nagios, nagios, nagios, nagios };
	struct str problem = { 0 };

	(void)unused;
	assert_true(snippet_style_valid(&icinga2, &problem));
	assert_true(snippet_style_valid(&styles[0], &problem));
	styles[1].host_template = "a\nb";
	styles[2].service_template = "a\"";
	styles[3].check_command = "";
	for (size_t i = 1; i < 4; i++) {
		str_clear(&problem);
		assert_false(snippet_style_valid(&styles[i], &problem));
		assert_true(problem.len > 0);
	}
	str_finish(&problem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nagios_definitions_have_passive_checks_alone),
		cmocka_unit_test(icinga_definitions_have_passive_checks_alone),
		cmocka_unit_test(ordinary_names_are_taken),
		cmocka_unit_test(names_that_could_break_out_are_refused),
		cmocka_unit_test(names_that_mean_something_to_a_core_are_refused),
		cmocka_unit_test(templates_and_commands_are_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
