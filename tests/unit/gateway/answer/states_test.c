/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/mem.h"
#include "gateway/answer/states.h"

static void no_more_wait_than_may(void **state)
{
	struct states *s = states_create(1, "id", 1);
	size_t taken = 0;
	char host[32];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct check_result result = { .output = SPAN("text"), .ttl = -1 };
		struct state_note note = { .result = &result };

		snprintf(host, sizeof(host), "h%d", i);
		result.host = span_of_text(host);
		taken += states_note(s, &note);
		result.host = span_of_text("h0");
		assert_true(states_note(s, &note)); /* it waits already */
	}
	assert_int_equal(taken, 100000);
	states_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(no_more_wait_than_may) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
