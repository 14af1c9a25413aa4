/* SPDX-License-Identifier: MIT */
#include "broker/io/turns.h"

#include "broker/io/connection.h"

enum { CLIENTS = 4 };

#include "tests/unit/broker/io/reactor_rig.h"

static void everybody_who_waits_has_his_turn_once(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < CLIENTS; i++) {
		connection_check_again(clients[i]);
		connection_check_again(clients[i]);
		assert_true(clients[i]->is_to_be_checked);
	}
	turns_run(&reactor);
	for (size_t i = 0; i < CLIENTS; i++) {
		assert_false(clients[i]->is_to_be_checked);
		assert_null(clients[i]->turn.queue);
	}
	assert_null(turns_next(&reactor.turns));
}

static void who_leaves_or_is_destroyed_has_none(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < CLIENTS; i++)
		connection_check_again(clients[i]);
	turns_leave(clients[1]);
	turns_leave(clients[1]);
	connection_destroy(clients[2]);
	turns_run(&reactor);
	assert_false(clients[0]->is_to_be_checked);
	assert_true(clients[1]->is_to_be_checked);
	assert_false(clients[3]->is_to_be_checked);
}

static void who_has_begun_goes_before_who_is_new(void **unused)
{
	(void)unused;
	turns_wait(clients[0], false);
	turns_wait(clients[1], true);
	turns_wait(clients[2], false);
	turns_wait(clients[3], true);
	assert_ptr_equal(turns_next(&reactor.turns), clients[1]);
	turns_leave(clients[1]);
	assert_ptr_equal(turns_next(&reactor.turns), clients[3]);
	turns_leave(clients[3]);
	assert_ptr_equal(turns_next(&reactor.turns), clients[0]);
	turns_leave(clients[0]);
	assert_ptr_equal(turns_next(&reactor.turns), clients[2]);
	turns_leave(clients[2]);
	assert_null(turns_next(&reactor.turns));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(everybody_who_waits_has_his_turn_once),
		T(who_leaves_or_is_destroyed_has_none),
		T(who_has_begun_goes_before_who_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
