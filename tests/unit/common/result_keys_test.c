/* SPDX-License-Identifier: MIT */
#include "common/result_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void every_alias_is_found_as_itself_in_any_case(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < key_alias_count; i++) {
		char *upper = span_dup_text(key_aliases[i].name);

		assert_int_equal(key_alias_find(key_aliases[i].name), i);
		for (char *c = upper; *c != '\0'; c++)
			*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
		assert_int_equal(key_alias_find(span_of_text(upper)), i);
		free(upper);
	}
}

static void aliases_of_a_key_stand_together(void **unused)
{
	(void)unused;
	for (size_t i = 1; i < key_alias_count; i++)
		assert_true(key_aliases[i].key == key_aliases[i - 1].key ||
				key_aliases[i].key == key_aliases[i - 1].key + 1);
	for (unsigned key = 0; key < KEY_COUNT; key++)
		assert_int_equal(key_aliases[key_alias_first((enum result_key)key)].key, key);
	assert_int_equal(key_alias_first(KEY_COUNT), key_alias_count);
}

static void other_names_are_not_ours(void **unused)
{
	static const char *const others[] = { "", "h", "hosts", "states", "version",
		"check_command", "state_type", "\x68\xc3\xb6st" };

	(void)unused;
	for (size_t i = 0; i < array_size(others); i++)
		assert_int_equal(key_alias_find(span_of_text(others[i])), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_alias_is_found_as_itself_in_any_case),
		cmocka_unit_test(aliases_of_a_key_stand_together),
		cmocka_unit_test(other_names_are_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
