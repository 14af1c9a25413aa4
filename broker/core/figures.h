/* SPDX-License-Identifier: MIT */
/*
 * How a shard is doing at one moment: its counters, and what is worked out from its sessions and
 * queues. Taken once, then published on $SYS and /metrics alike (metric.h).
 */
#ifndef BROKER_CORE_FIGURES_H
#define BROKER_CORE_FIGURES_H

#include "broker/core/counters.h"

struct shard;

/* What a row of the metrics table is. */
enum metric_type {
	METRIC_COUNTER, /* only grows */
	METRIC_GAUGE,
	METRIC_SECONDS, /* a gauge that $SYS shows as "N seconds" */
};

/*
 * name, type, topic below "$SYS/broker/", another topic with the same value or NULL, meaning.
 * figures_take() fills all but those of the process, which its owner does: they begin the list.
 */
/* clang-format off */
#define FIGURES(X) \
	X(uptime_seconds,           METRIC_SECONDS, "uptime",                     NULL,                    "seconds since the broker started") \
	X(memory_bytes,             METRIC_GAUGE,   "heap/current",               NULL,                    "memory of the process that is in RAM") \
	X(memory_maximum_bytes,     METRIC_GAUGE,   "heap/maximum",               NULL,                    "the most memory that the process has had in RAM") \
	X(certificate_expiry_timestamp_seconds, METRIC_GAUGE, "belfry/certificate/expiry", NULL,        "when the first certificate of a listener expires, in seconds since 1970; 0: none has one") \
	X(store_failing,            METRIC_GAUGE,   "belfry/store/failing",       NULL,                    "1 while the store cannot be written, and messages that would have to be kept are refused") \
	X(store_commits,            METRIC_COUNTER, "belfry/store/commits",       NULL,                    "commits of the store") \
	X(store_failures,           METRIC_COUNTER, "belfry/store/failures",      NULL,                    "commits of the store that failed, and were tried again") \
	X(store_records_written,    METRIC_COUNTER, "belfry/store/written",       NULL,                    "records written to the store") \
	X(store_records_removed,    METRIC_COUNTER, "belfry/store/removed",       NULL,                    "records removed from the store") \
	X(store_bytes_used,         METRIC_GAUGE,   "belfry/store/bytes/used",    NULL,                    "bytes of the store's file that are in use") \
	X(store_bytes,              METRIC_GAUGE,   "belfry/store/bytes",         NULL,                    "bytes of the store's file") \
	X(store_last_commit_microseconds,    METRIC_GAUGE, "belfry/store/commit/last",    NULL,            "microseconds that the last commit took") \
	X(store_longest_commit_microseconds, METRIC_GAUGE, "belfry/store/commit/longest", NULL,            "microseconds that the longest commit took") \
	X(clients,                  METRIC_GAUGE,   "clients/total",              NULL,                    "clients that are connected or have a session") \
	X(clients_connected,        METRIC_GAUGE,   "clients/connected",          "clients/active",        "clients that are connected") \
	X(clients_disconnected,     METRIC_GAUGE,   "clients/disconnected",       "clients/inactive",      "clients that are away and have a session") \
	X(clients_maximum,          METRIC_GAUGE,   "clients/maximum",            NULL,                    "the most clients that were connected at a time") \
	X(sockets,                  METRIC_GAUGE,   "belfry/sockets",             NULL,                    "network connections, those without CONNECT included") \
	X(subscriptions,            METRIC_GAUGE,   "subscriptions/count",        NULL,                    "subscriptions, without the shared ones") \
	X(shared_subscriptions,     METRIC_GAUGE,   "shared_subscriptions/count", NULL,                    "shared subscriptions") \
	X(retained_messages,        METRIC_GAUGE,   "retained messages/count",    NULL,                    "retained messages") \
	X(retained_bytes,           METRIC_GAUGE,   "belfry/retained/bytes",      NULL,                    "bytes of retained messages") \
	X(queued_messages,          METRIC_GAUGE,   "belfry/queued/messages",     NULL,                    "messages in the queues of sessions") \
	X(queued_bytes,             METRIC_GAUGE,   "belfry/queued/bytes",        NULL,                    "bytes of messages in the queues of sessions") \
	X(inflight_messages,        METRIC_GAUGE,   "belfry/inflight/messages",   NULL,                    "messages sent and not acknowledged") \
	X(inflight_bytes,           METRIC_GAUGE,   "belfry/inflight/bytes",      NULL,                    "bytes of messages sent and not acknowledged") \
	X(stored_messages,          METRIC_GAUGE,   "store/messages/count",       "messages/stored",       "messages that are retained, queued or in flight") \
	X(stored_bytes,             METRIC_GAUGE,   "store/messages/bytes",       NULL,                    "bytes of these messages") \
	X(limited_memory_bytes,     METRIC_GAUGE,   "belfry/memory/limited",      NULL,                    "bytes that clients make the broker hold, which memory_limit is about") \
	X(output_packets,           METRIC_GAUGE,   "packet/out/count",           NULL,                    "packets for clients whose output is not all sent") \
	X(output_bytes,             METRIC_GAUGE,   "packet/out/bytes",           NULL,                    "bytes that wait for clients to read them") \
	X(publish_dropped,          METRIC_COUNTER, "publish/messages/dropped",   NULL,                    "messages dropped, for whatever reason")
/* clang-format on */

struct figures {
	struct counters counters;
#define FIGURE_FIELD(name, type, topic, alias, help) uint64_t name;
	FIGURES(FIGURE_FIELD)
#undef FIGURE_FIELD
};

/* Visits every session: O(sessions), for once in seconds. Figures of the process become 0. */
void figures_take(const struct shard *shard, struct figures *ret);

#endif
