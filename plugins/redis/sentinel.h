/* SPDX-License-Identifier: MIT */
/*
 * Asking sentinels who the master is (https://redis.io/docs/reference/sentinel-clients).
 */
#ifndef PLUGINS_REDIS_SENTINEL_H
#define PLUGINS_REDIS_SENTINEL_H

#include "plugins/redis/peer.h"
#include "plugins/redis/target.h"

enum { ADDRESS_SIZE = 256 };

/* A server that another one has named. */
struct address {
	char host[ADDRESS_SIZE]; /* empty: none */
	uint16_t port;
};

/* False, and *ret is as before, when it is no host or too long. */
bool address_set(struct address *ret, struct span host, uint64_t port);

/*
 * Ask the target's sentinels, the one at *first first, until one of them knows the master; *first
 * is then its number. False with why: what the last of them has said.
 */
bool sentinel_find_master(const struct relay_host *host, const struct redis_settings *settings,
		const struct target *target, size_t *first, struct address *ret,
		struct failure *why);

/* What the answer to SENTINEL get-master-addr-by-name says. */
bool sentinel_read_address(const redisReply *reply, struct address *ret);

#endif
