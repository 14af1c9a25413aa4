/* SPDX-License-Identifier: MIT */
/*
 * Credentials that were found right not long ago, so that a client which comes back, and a
 * thousand that share one password, cost one slow hash between them.
 *
 * Neither user names nor passwords are kept: an entry is the HMAC-SHA-256 of user name, password
 * and the hash that the password was held against, under a random key of this process. When the
 * hash in the password file changes, the old entry so means nothing any more. Only successes are
 * entered, so that guessing fills nothing; the one not used for longest makes room.
 */
#ifndef BROKER_IO_CREDENTIAL_CACHE_H
#define BROKER_IO_CREDENTIAL_CACHE_H

#include "common/password.h"

enum { CREDENTIAL_CACHE_MAX = 65536 };

struct credential_key {
	uint8_t bytes[32];
};

struct credential_cache;

/* `max` entries at most. */
struct credential_cache *credential_cache_create(size_t max);
void credential_cache_destroy(struct credential_cache *cache);

/* What stands for the credential. Takes microseconds. */
struct credential_key credential_cache_key(const struct credential_cache *cache,
		struct span username, struct span password, const struct password_hash *hash);

/* Was it entered? It then counts as just used. */
bool credential_cache_knows(struct credential_cache *cache, const struct credential_key *key);

/* Enter one that is right. */
void credential_cache_add(struct credential_cache *cache, const struct credential_key *key);

#endif
