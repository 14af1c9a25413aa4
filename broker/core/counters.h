/* SPDX-License-Identifier: MIT */
/*
 * What a shard counts. The one list: the struct comes from it and the rows of the metrics table
 * (metric.h), and so do $SYS, /metrics and `belfry status`. Counters only grow; current figures
 * (clients, subscriptions, retained messages) are in figures.h.
 *
 * A row is the name, the topic below "$SYS/broker/" and the meaning. Topics outside "belfry/" are
 * Mosquitto's, and mean what they mean there; those below "belfry/dropped/" add up to its
 * "publish/messages/dropped".
 */
#ifndef BROKER_CORE_COUNTERS_H
#define BROKER_CORE_COUNTERS_H

#include "common/base.h"

/* clang-format off */
#define COUNTERS(X) \
	X(bytes_received,           "bytes/received",                  "bytes received from clients") \
	X(bytes_sent,               "bytes/sent",                      "bytes sent to clients") \
	X(packets_received,         "messages/received",               "packets received, of any type") \
	X(packets_sent,             "messages/sent",                   "packets sent, of any type") \
	X(publish_received,         "publish/messages/received",       "PUBLISH packets received") \
	X(publish_sent,             "publish/messages/sent",           "PUBLISH packets sent") \
	X(publish_bytes_received,   "publish/bytes/received",          "bytes of the payloads of PUBLISH packets received") \
	X(publish_bytes_sent,       "publish/bytes/sent",              "bytes of the payloads of PUBLISH packets sent") \
	X(dropped_queue_full,       "belfry/dropped/queue_full",       "messages dropped because a session's queue was full") \
	X(dropped_output_full,      "belfry/dropped/output_full",      "QoS 0 messages dropped because a client did not read fast enough") \
	X(dropped_expired,          "belfry/dropped/expired",          "messages dropped because they had expired") \
	X(dropped_too_large,        "belfry/dropped/too_large",        "messages not sent because the client takes no packet of that size") \
	X(dropped_denied,           "belfry/dropped/denied",           "messages dropped because their publisher or receiver has no right to the topic") \
	X(dropped_offline,          "belfry/dropped/offline",          "QoS 0 messages not kept for a client that is away") \
	X(dropped_unasked,          "belfry/dropped/unasked",          "messages from another broker that its bridge had not asked for") \
	X(dropped_memory,           "belfry/dropped/memory",           "QoS 0 messages dropped because memory_limit was near or reached") \
	X(refused_memory,           "belfry/refused/memory",           "QoS 1 and 2 messages refused because memory_limit was reached") \
	X(refused_store,            "belfry/refused/store",            "QoS 1 and 2 messages, subscriptions and sessions refused because they could not be put on disk") \
	X(refused_retained,         "belfry/refused/retained",         "messages not retained because max_retained_messages, max_retained_bytes or max_store_bytes was reached") \
	X(refused_subscriptions,    "belfry/refused/subscriptions",    "subscriptions refused because max_subscriptions or memory_limit was reached") \
	X(refused_sessions,         "belfry/refused/sessions",         "connections refused because global_max_clients or memory_limit was reached") \
	X(sockets_opened,           "connections/socket/count",        "network connections that were opened") \
	X(connects_received,        "belfry/connects/received",        "CONNECT packets received") \
	X(connects_accepted,        "belfry/connects/accepted",        "connections that were accepted") \
	X(connects_refused,         "belfry/connects/refused",         "connections that were refused") \
	X(passwords_hashed,         "belfry/passwords/hashed",         "passwords that were hashed to find out whether they are right") \
	X(passwords_remembered,     "belfry/passwords/remembered",     "passwords that were known to be right from the last time") \
	X(passwords_wrong,          "belfry/passwords/wrong",          "passwords that were wrong, or of users who do not exist") \
	X(protocol_errors,          "belfry/closed/protocol_error",    "connections closed because the client broke the protocol") \
	X(keep_alive_timeouts,      "belfry/closed/keep_alive",        "connections closed because the client fell silent") \
	X(sessions_taken_over,      "belfry/closed/taken_over",        "connections closed because the client connected again") \
	X(sessions_expired,         "clients/expired",                 "sessions that ended while their client was away") \
	X(wills_published,          "belfry/wills",                    "will messages published") \
	X(match_cache_hits,         "belfry/match_cache/hits",         "PUBLISH whose subscribers were known") \
	X(match_cache_misses,       "belfry/match_cache/misses",       "PUBLISH whose subscribers had to be looked up")
/* clang-format on */

struct counters {
#define COUNTER_FIELD(name, topic, help) uint64_t name;
	COUNTERS(COUNTER_FIELD)
#undef COUNTER_FIELD
};

#endif
