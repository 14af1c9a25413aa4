/* SPDX-License-Identifier: MIT */
#include "broker/io/address_limit.h"

#include <netinet/in.h>

#include "common/hash.h"
#include "common/log.h"
#include "common/net.h"

enum {
	CONNECT_WINDOW = 1, /* seconds that a burst of connections and their limit are about */
	FAILURE_WINDOW = 60,
	LOG_AGAIN = 10,	   /* seconds between two lines about one address */
	LOG_A_SECOND = 20, /* lines about all of them */
};

/*
 * A token bucket as one instant: when it is full again. Each token taken moves it on by the time
 * in which one comes back; the bucket is empty when that lies a whole window ahead.
 */
struct entry {
	struct address_block block; /* zero: free */
	struct instant connects_full, failures_full;
	struct instant told; /* when it was last in the log; 0 = never */
};

struct address_limit {
	struct address_limits limits;
	uint64_t seed;
	struct instant log_full; /* the bucket of log lines */
	struct entry entries[ADDRESS_LIMIT_SETS][ADDRESS_LIMIT_WAYS];
};

struct address_block address_block_of(const struct sockaddr_storage *address)
{
	struct address_block block = { 0 };

	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		block.family = AF_INET;
		block.bits = ntohl(in->sin_addr.s_addr);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;
		const uint8_t *bytes = in6->sin6_addr.s6_addr;
		bool is_v4 = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);

		block.family = is_v4 ? AF_INET : AF_INET6;
		for (int i = is_v4 ? 12 : 0; i < (is_v4 ? 16 : 8); i++)
			block.bits = block.bits << 8 | bytes[i];
	}
	return block;
}

/* --- buckets -------------------------------------------------------------------------------- */

static bool bucket_is_empty(
		struct instant full, uint64_t limit, struct duration window, struct instant now)
{
	struct duration one = nanoseconds(window.ns / (int64_t)limit);

	return instant_between(now, full).ns + one.ns > window.ns;
}

static struct instant bucket_take(
		struct instant full, uint64_t limit, struct duration window, struct instant now)
{
	struct instant from = instant_before(full, now) ? now : full;

	return instant_after(from, nanoseconds(window.ns / (int64_t)limit));
}

static bool is_connecting_too_fast(
		const struct address_limit *l, const struct entry *e, struct instant now)
{
	return l->limits.max_connect_rate > 0 &&
	       bucket_is_empty(e->connects_full, l->limits.max_connect_rate,
			       seconds(CONNECT_WINDOW), now);
}

static bool has_failed_too_often(
		const struct address_limit *l, const struct entry *e, struct instant now)
{
	return l->limits.max_auth_failures > 0 &&
	       bucket_is_empty(e->failures_full, l->limits.max_auth_failures,
			       seconds(FAILURE_WINDOW), now);
}

/* How far an entry is from being needless, in parts of its window; 0: it is needless. */
static double debt(const struct entry *e, struct instant now)
{
	double connects = duration_seconds(instant_between(now, e->connects_full)) / CONNECT_WINDOW;
	double failures = duration_seconds(instant_between(now, e->failures_full)) / FAILURE_WINDOW;
	double most = connects > failures ? connects : failures;

	return most > 0 ? most : 0;
}

/* --- the table ------------------------------------------------------------------------------ */

static bool is_free(const struct entry *e)
{
	return e->block.family == 0;
}

static struct entry *set_of(struct address_limit *l, struct address_block block)
{
	return l->entries[hash_span(l->seed, span_of(&block, sizeof(block))) % ADDRESS_LIMIT_SETS];
}

static struct entry *find(struct address_limit *l, struct address_block block)
{
	struct entry *set = set_of(l, block);

	for (size_t i = 0; i < ADDRESS_LIMIT_WAYS; i++) {
		if (!is_free(&set[i]) && address_block_equal(set[i].block, block))
			return &set[i];
	}
	return NULL;
}

/* The entry whose loss costs least; NULL when all in the set are over a limit. */
static struct entry *find_room(
		struct address_limit *l, struct address_block block, struct instant now)
{
	struct entry *set = set_of(l, block), *best = NULL;

	for (size_t i = 0; i < ADDRESS_LIMIT_WAYS; i++) {
		struct entry *e = &set[i];

		if (is_free(e))
			return e;
		if (is_connecting_too_fast(l, e, now) || has_failed_too_often(l, e, now))
			continue;
		if (best == NULL || debt(e, now) < debt(best, now))
			best = e;
	}
	return best;
}

static struct entry *find_or_add(
		struct address_limit *l, struct address_block block, struct instant now)
{
	struct entry *e = find(l, block);

	if (e != NULL)
		return e;
	e = find_room(l, block, now);
	if (e != NULL)
		*e = (struct entry){ .block = block, .connects_full = now, .failures_full = now };
	return e;
}

/* --- the log -------------------------------------------------------------------------------- */

bool address_limit_may_tell(struct address_limit *l, struct instant now)
{
	if (bucket_is_empty(l->log_full, LOG_A_SECOND, seconds(1), now))
		return false;
	l->log_full = bucket_take(l->log_full, LOG_A_SECOND, seconds(1), now);
	return true;
}

static bool may_tell_of(struct address_limit *l, struct entry *e, struct instant now)
{
	if (e->told.ns != 0 && !instant_reached(instant_after(e->told, seconds(LOG_AGAIN)), now))
		return false;
	if (!address_limit_may_tell(l, now))
		return false;
	e->told = now;
	return true;
}

/* --- what callers ask ----------------------------------------------------------------------- */

struct address_limit *address_limit_create(uint64_t seed)
{
	struct address_limit *l = xcalloc(1, sizeof(*l));

	l->seed = seed;
	return l;
}

void address_limit_destroy(struct address_limit *l)
{
	free(l);
}

void address_limit_set(struct address_limit *l, struct address_limits limits)
{
	l->limits = limits;
}

bool address_limit_connect(
		struct address_limit *l, const struct sockaddr_storage *address, struct instant now)
{
	struct address_block block = address_block_of(address);
	uint64_t limit = l->limits.max_connect_rate;
	char text[NET_ADDRESS_TEXT];
	struct entry *e;

	if (limit == 0 || block.family == 0)
		return true;
	e = find_or_add(l, block, now);
	if (e == NULL)
		return true;
	if (!is_connecting_too_fast(l, e, now)) {
		e->connects_full =
				bucket_take(e->connects_full, limit, seconds(CONNECT_WINDOW), now);
		return true;
	}
	if (may_tell_of(l, e, now))
		log_notice("address %s: connection refused: more than %llu in a second "
			   "(max_connect_rate)",
				net_format_host(address, text), (unsigned long long)limit);
	return false;
}

bool address_limit_may_log_in(
		struct address_limit *l, const struct sockaddr_storage *address, struct instant now)
{
	struct address_block block = address_block_of(address);
	char text[NET_ADDRESS_TEXT];
	struct entry *e = find(l, block);

	if (e == NULL || !has_failed_too_often(l, e, now))
		return true;
	if (may_tell_of(l, e, now))
		log_notice("address %s: log-in refused: more than %llu failures in a minute "
			   "(max_auth_failures)",
				net_format_host(address, text),
				(unsigned long long)l->limits.max_auth_failures);
	return false;
}

void address_limit_failed(
		struct address_limit *l, const struct sockaddr_storage *address, struct instant now)
{
	struct address_block block = address_block_of(address);
	uint64_t limit = l->limits.max_auth_failures;
	struct entry *e;

	if (limit == 0 || block.family == 0)
		return;
	e = find_or_add(l, block, now);
	if (e != NULL)
		e->failures_full =
				bucket_take(e->failures_full, limit, seconds(FAILURE_WINDOW), now);
}
