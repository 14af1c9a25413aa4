/* SPDX-License-Identifier: MIT */
/*
 * The ids of results that were taken lately, each with its host and service: the same id of
 * another object is another id. What is older than the window, or one too many, is forgotten,
 * oldest first.
 *
 * An id is kept as 128 bits of a SHA-256 of the three: strangers choose ids, and must not be able
 * to find one that another host's result is taken for. No seed, so that it is the same after a
 * restart. About 50 bytes an id.
 */
#ifndef GATEWAY_RULES_RECENT_IDS_H
#define GATEWAY_RULES_RECENT_IDS_H

#include "common/clock.h"
#include "common/span.h"

enum { ID_HASH_BYTES = 16 };

struct id_hash {
	uint8_t bytes[ID_HASH_BYTES];
};

struct recent_ids;

/* window 0 or max 0: nothing is remembered. */
struct recent_ids *recent_ids_create(struct duration window, size_t max);
void recent_ids_destroy(struct recent_ids *ids);
void recent_ids_set_limits(struct recent_ids *ids, struct duration window, size_t max);

struct id_hash recent_ids_hash(const struct recent_ids *ids, struct span host, struct span service,
		struct span id);

bool recent_ids_has(const struct recent_ids *ids, const struct id_hash *hash, struct instant now);

/* One that is remembered already stays as it is. */
void recent_ids_add(struct recent_ids *ids, const struct id_hash *hash, struct instant now,
		struct wall_time received);

size_t recent_ids_count(const struct recent_ids *ids);

/*
 * On disk each has a number of its own, ascending in the order of arrival. Hand out those that are
 * new since the last flush, and with hash == NULL those that have been forgotten; again until
 * recent_ids_flushed() tells that they are on disk.
 */
void recent_ids_flush(struct recent_ids *ids,
		void (*each)(void *owner, uint64_t number, const struct id_hash *hash,
				struct wall_time received),
		void *owner);
void recent_ids_flushed(struct recent_ids *ids);

/*
 * Take one back, in ascending order of the numbers and before anything is added; false when the
 * number cannot be. Its age is taken from the wall clock, and is never negative.
 */
bool recent_ids_load(struct recent_ids *ids, uint64_t number, const struct id_hash *hash,
		struct wall_time received, struct instant now, struct wall_time wall_now);

#endif
