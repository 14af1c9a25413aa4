/* SPDX-License-Identifier: MIT */
/*
 * Who verifies user names and passwords: the core's authenticator (client.h), against the password
 * file of each client's policy.
 *
 *     verify ─ known credential ──────────────────────────────────────────▶ allowed at once
 *        ├──── address has failed too often, too many wait ───────────────▶ busy
 *        └──── else it waits, address by address ──▶ hashed on a thread ──▶ allowed or denied
 *
 * A password takes some 50 ms to hash, which is what makes guessing slow; the loop goes on
 * meanwhile. Clients that come with the same credential at the same time share one hash. For a
 * user who does not exist another user's hash is worked out instead, so that the time does not
 * tell who exists. A verdict holds for the password file that is in force when it is given: a
 * user whose hash was changed by a reload in the meantime is denied.
 *
 * Everything here runs on the loop's thread but the hashing itself.
 */
#ifndef BROKER_IO_VERIFIER_H
#define BROKER_IO_VERIFIER_H

#include <ev.h>

#include "broker/core/shard.h"
#include "broker/io/address_limit.h"

enum {
	/* Passwords that wait to be hashed, for all addresses together and for one of them. */
	VERIFIER_MAX_WAITING = 256,
	VERIFIER_MAX_WAITING_OF_ADDRESS = 128,
};

struct verifier_options {
	struct ev_loop *loop;	     /* borrowed; outlives the verifier */
	const struct instant *now;   /* of the loop's turn; borrowed likewise */
	struct counters *counters;   /* borrowed likewise */
	struct address_limit *limit; /* borrowed likewise */
	unsigned threads;	     /* passwords hashed at a time */
	uint64_t seed;
	/* Where the client comes from. */
	void (*address)(const struct client *c, struct sockaddr_storage *ret);
	/* Hand the client its verdict: client_decide(), with what the owner does around it. */
	void (*decide)(struct client *c, enum verdict verdict);
};

struct verifier;

/* NULL when no thread can be started, with errno set. */
struct verifier *verifier_create(const struct verifier_options *options);

/*
 * Waits for what is being hashed. Clients that still wait are told that the server is busy.
 * Accepts NULL.
 */
void verifier_destroy(struct verifier *v);

/* What the shard is to ask. */
struct authenticator verifier_authenticator(struct verifier *v);

#endif
