/* SPDX-License-Identifier: MIT */
#include "broker/core/alias.h"

#include "tests/unit/unit.h"

static void an_alias_stands_for_the_last_topic_it_was_set_to(void **unused)
{
	struct alias_table t = { 0 };
	char topic[] = "a/b";

	(void)unused;
	alias_set(&t, 3, span_of_text(topic));
	memset(topic, 'x', 3);
	assert_span_text(alias_topic(&t, 3), "a/b");
	alias_set(&t, 1, BYTES("one"));
	alias_set(&t, 3, BYTES("three"));
	assert_span_text(alias_topic(&t, 1), "one");
	assert_span_text(alias_topic(&t, 3), "three");
	alias_finish(&t);
}

static void an_alias_that_was_not_set_has_no_topic(void **unused)
{
	struct alias_table t = { 0 };

	(void)unused;
	assert_null(alias_topic(&t, 1).data);
	alias_set(&t, 3, BYTES("a"));
	assert_null(alias_topic(&t, 0).data);
	assert_null(alias_topic(&t, 2).data);
	assert_null(alias_topic(&t, 4).data);
	alias_finish(&t);
	assert_null(alias_topic(&t, 3).data);
}

static void the_largest_alias_works(void **unused)
{
	struct alias_table t = { 0 };

	(void)unused;
	alias_set(&t, UINT16_MAX, BYTES("last"));
	assert_span_text(alias_topic(&t, UINT16_MAX), "last");
	assert_null(alias_topic(&t, UINT16_MAX - 1).data);
	alias_finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alias_stands_for_the_last_topic_it_was_set_to),
		cmocka_unit_test(an_alias_that_was_not_set_has_no_topic),
		cmocka_unit_test(the_largest_alias_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
