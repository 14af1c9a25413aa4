/* SPDX-License-Identifier: MIT */
/*
 * What one address may do in a while: open connections, and fail to log in.
 *
 * An address is an IPv4 address or the first 64 bits of an IPv6 address, which is what one site
 * gets at least. Unix sockets have none and no limit. Loopback is an address like any other: a
 * proxy on the same machine is often what strangers come through.
 *
 * Each address has two token buckets, as one instant each (when the bucket will be full again).
 * They live in a table of fixed size that takes its memory as it fills; a full bucket needs no
 * entry, because having none means the same:
 *
 *     address ──seeded hash──▶ one of SETS sets of WAYS entries
 *
 * A new address takes the place of the one in its set that is nearest to having all its tokens
 * back, and none when every one of them is over a limit. So a flood of addresses pushes out its
 * own kind: to make the table forget an offender before his time, an attacker would need WAYS
 * worse offenders in the same set, and the seed hides which addresses these are. An address
 * without an entry is let through: the table never refuses who did nothing.
 */
#ifndef BROKER_IO_ADDRESS_LIMIT_H
#define BROKER_IO_ADDRESS_LIMIT_H

#include <sys/socket.h>

#include "common/clock.h"

enum { ADDRESS_LIMIT_SETS = 1024, ADDRESS_LIMIT_WAYS = 8 };

/* What counts as one address. Zero: none (a Unix socket). Compares with address_block_equal(). */
struct address_block {
	uint64_t bits; /* the IPv4 address, or the first half of the IPv6 address */
	uint64_t family;
};

struct address_block address_block_of(const struct sockaddr_storage *address);

static inline bool address_block_equal(struct address_block a, struct address_block b)
{
	return a.bits == b.bits && a.family == b.family;
}

struct address_limits {
	uint64_t max_connect_rate;  /* connections a second; 0 = no limit */
	uint64_t max_auth_failures; /* wrong passwords a minute; 0 = no limit */
};

struct address_limit;

/* Without limits at first. `seed` keys the table. */
struct address_limit *address_limit_create(uint64_t seed);
void address_limit_destroy(struct address_limit *l);

/* New limits; what addresses have done so far stays. */
void address_limit_set(struct address_limit *l, struct address_limits limits);

/* A connection was opened: may it stay? A refusal is logged, not more often than is useful. */
bool address_limit_connect(struct address_limit *l, const struct sockaddr_storage *address,
		struct instant now);

/* May the address try a password? A refusal is logged likewise. */
bool address_limit_may_log_in(struct address_limit *l, const struct sockaddr_storage *address,
		struct instant now);

/*
 * May one more line about some address go into the log? Strangers must not be able to fill it;
 * what they do is counted anyway.
 */
bool address_limit_may_tell(struct address_limit *l, struct instant now);

/* A password was wrong. */
void address_limit_failed(struct address_limit *l, const struct sockaddr_storage *address,
		struct instant now);

#endif
