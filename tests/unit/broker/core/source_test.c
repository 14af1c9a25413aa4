/* SPDX-License-Identifier: MIT */
#include "broker/core/source.h"

#include "broker/core/acl_parse.h"
#include "tests/unit/unit.h"

static struct source_table table = { .seed = 5 };

static struct policy *policy_with(const char *rules)
{
	struct settings_report report = { 0 };
	struct policy *policy = policy_create();
	struct acl *acl = acl_parse(span_of_text(rules), "acl", 1, &report);

	policy_set_acl(policy, acl);
	acl_unref(acl);
	return policy;
}

static void one_publisher_is_one_source(void **unused)
{
	struct policy *policy = policy_create(), *other = policy_create();
	struct source *a = source_open(&table, BYTES("u"), BYTES("ab"), policy);

	(void)unused;
	assert_ptr_equal(source_open(&table, BYTES("u"), BYTES("ab"), policy), a);
	source_unref(a);
	for (int i = 0; i < 3; i++) {
		struct source *b = i == 0   ? source_open(&table, BYTES("ua"), BYTES("b"), policy)
				   : i == 1 ? source_open(&table, BYTES(""), BYTES("uab"), policy)
					    : source_open(&table, BYTES("u"), BYTES("ab"), other);

		assert_ptr_not_equal(a, b);
		source_unref(b);
	}
	source_unref(a);
	source_unref(NULL);
	assert_null(table.table);
	policy_unref(policy);
	policy_unref(other);
}

/* A reload later, and another one, without anybody having looked in between. */
static void a_source_is_held_to_the_rules_that_its_listener_has_now(void **unused)
{
	struct policy *first = policy_with("topic write a\n"), *second = policy_with("topic b\n"),
		      *third = policy_with("topic write c\n");
	struct source *s = source_open(&table, BYTES(""), BYTES("x"), first);

	(void)unused;
	assert_true(source_may_write(s, BYTES("a")));
	policy_replace(first, second);
	policy_unref(first);
	policy_replace(second, third);
	policy_unref(second);
	assert_false(source_may_write(s, BYTES("a")));
	assert_false(source_may_write(s, BYTES("b")));
	assert_true(source_may_write(s, BYTES("c")));
	assert_ptr_equal(source_open(&table, BYTES(""), BYTES("x"), third), s);
	source_unref(s);
	source_unref(s);
	policy_unref(third);
}

/* Whoever does not follow is not without rules either. */
static void a_policy_that_was_replaced_has_the_new_rules(void **unused)
{
	struct policy *first = policy_create(), *second = policy_with("topic b\n");

	(void)unused;
	policy_replace(first, second);
	assert_ptr_equal(first->acl, second->acl);
	policy_unref(second);
	policy_follow(&first);
	assert_non_null(first->acl);
	assert_int_equal(first->refs, 1);
	policy_unref(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_publisher_is_one_source),
		cmocka_unit_test(a_source_is_held_to_the_rules_that_its_listener_has_now),
		cmocka_unit_test(a_policy_that_was_replaced_has_the_new_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
