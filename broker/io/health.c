/* SPDX-License-Identifier: MIT */
#include "broker/io/health.h"

/* For so long after a client was turned away it is said. */
enum { REMEMBER_SECONDS = 30 };

const char *health_problem(const struct reactor *r)
{
	if (r->no_descriptor.ns != 0 &&
			!instant_reached(instant_after(r->no_descriptor, seconds(REMEMBER_SECONDS)),
					r->now))
		return "no file descriptor is left for new connections; raise LimitNOFILE";
	if (r->max_connections > 0 && r->connection_count >= r->max_connections)
		return "global_max_connections is reached; new clients are turned away";
	if (shard_is_full(r->shard))
		return "memory_limit is reached; messages and sessions are refused";
	return NULL;
}
