/* SPDX-License-Identifier: MIT */
#include "gateway/rules/publisher.h"

#include "tests/unit/unit.h"

static bool note(struct publisher *p, const char *name, const char *value)
{
	return publisher_note(p, span_of_text(name), span_of_text(value));
}

static void assert_described(const struct publisher *p, const char *text)
{
	struct str s = { 0 };

	publisher_describe(p, &s);
	assert_string_equal(str_text(&s), text);
	str_finish(&s);
}

static void the_brokers_properties_say_who_it_is(void **unused)
{
	struct publisher p = { 0 };

	(void)unused;
	assert_false(note(&p, "trace", "1"));
	assert_false(note(&p, "Belfry-Client", "x"));
	assert_false(p.known);
	assert_true(note(&p, "belfry-client", "agent-7"));
	assert_true(p.known);
	assert_described(&p, "client agent-7");
	assert_true(note(&p, "belfry-user", "web-1"));
	assert_true(note(&p, "belfry-address", "10.0.0.7:49152"));
	assert_true(p.known);
	assert_described(&p, "client agent-7, user web-1, 10.0.0.7:49152");
}

static void what_comes_twice_was_forged(void **unused)
{
	static const char *const names[] = { "belfry-client", "belfry-user", "belfry-address" };

	(void)unused;
	for (size_t i = 0; i < array_size(names); i++) {
		for (int first_is_empty = 0; first_is_empty < 2; first_is_empty++) {
			struct publisher p = { 0 };

			note(&p, names[i], first_is_empty ? "" : "x");
			note(&p, names[i], "x");
			note(&p, "belfry-client", "c");
			assert_true(p.is_forged);
			assert_false(p.known);
			assert_described(&p, "a publisher that the broker does not name");
		}
	}
}

static void without_a_client_nobody_is_named(void **unused)
{
	struct publisher p = { 0 };

	(void)unused;
	note(&p, "belfry-user", "root");
	note(&p, "belfry-address", "10.0.0.1:1");
	assert_false(p.known);
	publisher_note(&p, span_of_text("belfry-client"), (struct span){ NULL, 0 });
	assert_false(p.known);
	note(&p, "belfry-client", "late");
	assert_false(p.known);
}

static void a_hostile_name_is_escaped(void **unused)
{
	struct publisher p = { 0 };

	(void)unused;
	note(&p, "belfry-client", "a\nb\x1b[2J");
	assert_described(&p, "client a\\x0ab\\x1b[2J");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_brokers_properties_say_who_it_is),
		cmocka_unit_test(what_comes_twice_was_forged),
		cmocka_unit_test(without_a_client_nobody_is_named),
		cmocka_unit_test(a_hostile_name_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
