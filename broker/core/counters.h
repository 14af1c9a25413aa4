/* SPDX-License-Identifier: MIT */
/*
 * What a shard counts. The one list: the struct comes from it, and so will whatever publishes the
 * counters; in this version nothing does. Counters only grow; current figures (clients,
 * subscriptions, retained messages) are asked of their owners.
 */
#ifndef BROKER_CORE_COUNTERS_H
#define BROKER_CORE_COUNTERS_H

#include "common/base.h"

/* clang-format off */
#define COUNTERS(X) \
	X(bytes_received,           "bytes received from clients") \
	X(bytes_sent,               "bytes sent to clients") \
	X(packets_received,         "packets received, of any type") \
	X(publish_received,         "PUBLISH packets received") \
	X(publish_sent,             "PUBLISH packets sent") \
	X(dropped_queue_full,       "messages dropped because a session's queue was full") \
	X(dropped_output_full,      "QoS 0 messages dropped because a client did not read fast enough") \
	X(dropped_expired,          "messages dropped because they had expired") \
	X(dropped_too_large,        "messages not sent because the client takes no packet of that size") \
	X(dropped_offline,          "QoS 0 messages not kept for a client that is away") \
	X(connects_accepted,        "connections that were accepted") \
	X(connects_refused,         "connections that were refused") \
	X(protocol_errors,          "connections closed because the client broke the protocol") \
	X(keep_alive_timeouts,      "connections closed because the client fell silent") \
	X(sessions_taken_over,      "connections closed because the client connected again") \
	X(sessions_expired,         "sessions that ended while their client was away") \
	X(wills_published,          "will messages published") \
	X(match_cache_hits,         "PUBLISH whose subscribers were known") \
	X(match_cache_misses,       "PUBLISH whose subscribers had to be looked up")
/* clang-format on */

struct counters {
#define COUNTER_FIELD(name, help) uint64_t name;
	COUNTERS(COUNTER_FIELD)
#undef COUNTER_FIELD
};

#endif
