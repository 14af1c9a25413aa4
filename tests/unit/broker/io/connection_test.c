/* SPDX-License-Identifier: MIT */
#include "broker/io/connection.h"

#include <sys/socket.h>

#include "broker/io/listener.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

enum { CLIENTS = 2 * WORK_SHARE / WORK_CLOSE };

static struct limits limits;
static struct reactor reactor;
static struct listener listener;
static struct connection *clients[CLIENTS];
static int peers[CLIENTS];

static int begin(void **unused)
{
	struct core_observer observer = { 0 };

	(void)unused;
	limits = rig_limits();
	reactor_init(&reactor, shard_create(&limits, &observer, 1, 2));
	listener = (struct listener){ .reactor = &reactor, .policy = policy_create() };
	for (size_t i = 0; i < CLIENTS; i++) {
		int fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		peers[i] = fds[1];
		clients[i] = connection_create(&reactor, &listener, fds[0]);
		listener.connections++;
	}
	return 0;
}

static int end(void **unused)
{
	struct shard *shard = reactor.shard;

	(void)unused;
	reactor_finish(&reactor);
	shard_destroy(shard);
	policy_unref(listener.policy);
	for (size_t i = 0; i < CLIENTS; i++)
		close(peers[i]);
	return 0;
}

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
