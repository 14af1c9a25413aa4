/* SPDX-License-Identifier: MIT */
/*
 * The connection to the server that records go to: to url, to the master that sentinels name, or to
 * where a node of a cluster has pointed. Made when it is needed, kept while it works.
 */
#ifndef PLUGINS_REDIS_CONNECTION_H
#define PLUGINS_REDIS_CONNECTION_H

#include "common/clock.h"
#include "plugins/redis/sentinel.h"

/* Initialise with connection_init(). */
struct connection {
	const struct relay_host *host;
	const struct redis_settings *settings;
	struct target target;
	struct peer peer;
	struct address master; /* as the sentinels have named it last */
	struct address moved;  /* as a node of a cluster has; empty host: not */
	size_t sentinel;       /* that is asked first */
	struct instant used;   /* when the server has last answered */
};

/* Reads the target from the settings; false when they mean none. */
bool connection_init(struct connection *c, const struct relay_host *host,
		const struct redis_settings *settings);
void connection_finish(struct connection *c);

/* Be connected, with user and database as they should be. False with why. */
bool connection_ready(struct connection *c, struct failure *why);

/* The same, and the server has answered within the last half minute. */
bool connection_alive(struct connection *c, struct failure *why);

/* A command was refused so: what this means for the connection. */
void connection_refused(struct connection *c, struct failure *failure, struct span error);

#endif
