/* SPDX-License-Identifier: MIT */
#include "tests/bench/crew.h"

#include "tests/bench/process.h"

enum { HANDSHAKES_AT_ONCE = 64 };

struct identity crew_identity(const struct options *o)
{
	return (struct identity){ .username = o->username,
		.password = o->password,
		.will_topic = o->will,
		.will_qos = (uint8_t)o->qos };
}

void crew_enlist(struct client *c, struct loop *l, const struct options *o,
		const struct identity *identity, const char *role, unsigned index)
{
	*c = (struct client){ .loop = l,
		.identity = identity,
		.role = role,
		.index = index,
		.version = (enum mqtt_version)o->version,
		.stream.fd = -1 };
}

void crew_gather(struct loop *l, const struct options *o, unsigned total, const unsigned *n_ready,
		struct client *(*client_at)(void *owner, unsigned index), void *owner)
{
	uint64_t progress = clock_ns();
	unsigned connected = 0, before;

	while (*n_ready < total && !loop_failed(l)) {
		while (connected < total && connected - *n_ready < HANDSHAKES_AT_ONCE)
			client_connect(client_at(owner, connected++));
		before = *n_ready;
		loop_turn(l, 100000000);
		loop_flush(l);
		if (*n_ready > before)
			progress = clock_ns();
		else if (clock_ns() - progress > (uint64_t)(o->timeout * 1e9))
			loop_fail(l, "%u of %u connections were ready, then nothing for %g s",
					*n_ready, total, o->timeout);
	}
}
