/* SPDX-License-Identifier: MIT */
/*
 * What the broker's core lets clients do, whichever listener they came by: the settings that its
 * rules depend on; policy.h has those that may differ between listeners. Names, units and defaults
 * are those of mosquitto.conf; broker/config_global.c has the table.
 *
 * What happens to whom when a limit is reached (version 5 is told the reason; each has a counter):
 *
 *     max_subscriptions      SUBACK 0x97 for that filter (0x80 before version 5)
 *     global_max_clients     a client without a session: CONNACK 0x89 (3, "server unavailable")
 *     max_retained_*         QoS 1 and 2 of version 5: refused with 0x97. All others cannot be
 * told: passed on to subscribers and not retained memory_limit, 7/8 of   QoS 0 only for those who
 * keep up with it: at most 64 kB wait for a client, and none is queued for one that is away
 *     memory_limit           QoS 0 dropped. QoS 1 and 2: version 5 is told 0x97; before it the
 *                            connection ends without an acknowledgement, as Mosquitto does, and the
 *                            message comes again later. No new sessions, no new subscriptions; who
 *                            has a session may connect and empty its queue, and a retained message
 *                            may be removed
 */
#ifndef BROKER_CORE_LIMITS_H
#define BROKER_CORE_LIMITS_H

#include "common/base.h"

/* Which member of a shared subscription receives a message. */
enum share_policy { SHARE_ROUND_ROBIN, SHARE_BY_TOPIC };

struct limits {
	uint64_t max_inflight_messages;	       /* 0 = as many as there are identifiers */
	uint64_t max_inflight_bytes;	       /* 0 = no limit */
	uint64_t max_queued_messages;	       /* beyond those in flight; 0 = no limit */
	uint64_t max_queued_bytes;	       /* 0 = no limit */
	uint64_t max_output_bytes;	       /* unsent bytes of one client, belfry's own */
	uint64_t max_packet_size;	       /* 0 = what the protocol allows */
	uint64_t message_size_limit;	       /* payload; 0 = no limit */
	uint64_t max_keepalive;		       /* seconds; 0 = no limit */
	uint64_t persistent_client_expiration; /* seconds; 0 = never */
	uint64_t max_match_cache;	       /* topics; belfry's own */
	uint64_t max_subscriptions;	       /* of one session; 0 = no limit; belfry's own */
	uint64_t max_retained_messages;	       /* 0 = no limit; belfry's own */
	uint64_t max_retained_bytes;	       /* 0 = no limit; belfry's own */
	uint64_t memory_limit;		       /* bytes of shard_memory(); 0 = no limit */
	uint64_t global_max_clients;	       /* connected or away; 0 = no limit */
	uint64_t retain_expiry_interval;       /* minutes between two sweeps; 0 = none */
	uint64_t connect_timeout;	       /* seconds a connection has for its CONNECT */
	int shared_subscription_policy;	       /* enum share_policy; belfry's own */
	bool check_retain_source;
	bool publisher_properties; /* belfry's own */
	bool retain_available;
	bool queue_qos0_messages;
	bool upgrade_outgoing_qos;
};

#endif
