/* SPDX-License-Identifier: MIT */
/*
 * The hosts and services that results came for and a core does not have: what an operator may want
 * to add to its configuration, or a misspelt name.
 *
 * Bounded: when it is full, the object that was not heard of for longest goes. Only in memory:
 * whatever reports regularly is back soon after a restart. All functions may be called from any
 * thread.
 */
#ifndef GATEWAY_OUTPUT_PENDING_H
#define GATEWAY_OUTPUT_PENDING_H

#include "gateway/output/object_set.h"
#include "gateway/result/check_result.h"
#include "gateway/rules/publisher.h"

struct pending;

/* `limit` > 0 objects. */
struct pending *pending_create(size_t limit);
/* Accepts NULL. */
void pending_destroy(struct pending *p);

/* A reload; takes effect with the next object. */
void pending_set_limit(struct pending *p, size_t limit);

/* A result for an object that the core of output `output` (below 64) does not have. */
struct pending_note {
	size_t output;
	const struct check_result *result;
	enum object_presence missing;	   /* the host, or the service alone */
	const struct publisher *publisher; /* NULL: not known */
	struct wall_time received;
};
void pending_add(struct pending *p, const struct pending_note *note);

/* Forget what the core of this output has by now. `has` is called under the lock. */
void pending_prune(struct pending *p, size_t output,
		bool (*has)(void *owner, struct span host, struct span service), void *owner);

/* The core of this output has the object after all. Cheap while nothing is pending. */
void pending_found(struct pending *p, size_t output, struct span host, struct span service);

/* Forget one object. False when it is not there. */
bool pending_remove(struct pending *p, struct span host, struct span service);

size_t pending_count(struct pending *p);

/* Is it known that the core of this output does not have the object? *ret_missing is what. */
bool pending_lacks(struct pending *p, size_t output, struct span host, struct span service,
		enum object_presence *ret_missing);

/*
 * All of them, the one that was heard of last at the end, as JSON arrays of about `page_bytes`:
 *
 *     [{"host":"web9","service":"Disk","missing":"host","outputs":["nagios"],"count":3,
 *       "first":"2026-11-23T04:05:06.789Z","last":"...","state":"CRITICAL","output":"disk full",
 *       "publisher":"client agent-9, 10.0.0.9:49152"}]
 *
 * "service" is "" of a host itself, "publisher" "" when it is not known. `page` is called at least
 * once, under the lock, with is_last at the end. `outputs` are the names of the outputs, by number.
 */
void pending_format_json(struct pending *p, const char *const *outputs, size_t output_count,
		size_t page_bytes, void (*page)(void *owner, struct span array, bool is_last),
		void *owner);

#endif
