/* SPDX-License-Identifier: MIT */
/*
 * A reactor with CLIENTS connections whose other ends the test holds. The test defines CLIENTS
 * before it includes this; begin() and end() are its setup and teardown.
 */
#ifndef TESTS_UNIT_BROKER_IO_REACTOR_RIG_H
#define TESTS_UNIT_BROKER_IO_REACTOR_RIG_H

#include <sys/socket.h>

#include "broker/io/connection.h"
#include "broker/io/listener.h"
#include "tests/unit/broker/core/rig.h"
#include "tests/unit/unit.h"

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

#endif
