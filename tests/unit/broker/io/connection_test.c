/* SPDX-License-Identifier: MIT */
#include "broker/io/connection.h"

enum { CLIENTS = 2 * WORK_SHARE / WORK_CLOSE };

#include "tests/unit/broker/io/reactor_rig.h"

/* Thousands who were turned away at once must not hold up the others when their time is over. */
static void those_who_linger_are_closed_some_at_a_time(void **unused)
{
	size_t turns = 0;

	(void)unused;
	reactor_shut_down(&reactor);
	connection_end_lingering(&reactor);
	assert_int_equal(reactor.connection_count, CLIENTS);
	reactor.now = connection_linger_deadline(&reactor);
	while (reactor.connection_count > 0) {
		size_t before = reactor.connection_count;

		connection_end_lingering(&reactor);
		assert_in_range(before - reactor.connection_count, 1, CLIENTS / 2);
		turns++;
	}
	assert_int_equal(turns, 2);
	assert_int_equal(connection_linger_deadline(&reactor).ns, INSTANT_NEVER.ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				those_who_linger_are_closed_some_at_a_time, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
