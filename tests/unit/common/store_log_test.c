/* SPDX-License-Identifier: MIT */
#include "common/store_log.h"

#include "tests/unit/unit.h"

static void the_log_gives_back_what_was_put_in_order(void **state)
{
	static const uint8_t long_key[511];
	uint8_t key[STORE_KEY_SIZE];
	struct store_log_entry e;
	struct str log = { 0 };
	struct span rest;

	(void)state;
	memcpy(store_log_put(&log, STORE_WILLS, store_key(key, 7), 5), "value", 5);
	store_log_removal(&log, STORE_SUBSCRIPTIONS, store_subscription_key(key, 7, 8));
	memset(store_log_put(&log, STORE_MESSAGES, store_key(key, 9), 70000), 'x', 70000);
	/* A damaged record may have any key: the longest that LMDB knows. */
	store_log_removal(&log, STORE_SESSIONS, span_of(long_key, sizeof(long_key)));
	rest = str_span(&log);
	assert_true(store_log_next(&rest, &e));
	assert_int_equal(e.table, STORE_WILLS);
	assert_true(store_key_number(e.key) == 7);
	assert_span_text(e.value, "value");
	assert_true(store_log_next(&rest, &e));
	assert_int_equal(e.table, STORE_SUBSCRIPTIONS);
	assert_int_equal(store_key_subscription(e.key), 8);
	assert_null(e.value.data);
	assert_true(store_log_next(&rest, &e));
	assert_int_equal(e.table, STORE_MESSAGES);
	assert_int_equal(e.value.len, 70000);
	assert_int_equal(e.value.data[69999], 'x');
	assert_true(store_log_next(&rest, &e));
	assert_int_equal(e.table, STORE_SESSIONS);
	assert_int_equal(e.key.len, 511);
	assert_false(store_log_next(&rest, &e));
	str_finish(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_gives_back_what_was_put_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
