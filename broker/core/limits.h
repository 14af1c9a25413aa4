/* SPDX-License-Identifier: MIT */
/*
 * What the broker's core lets clients do, whichever listener they came by: the settings that its
 * rules depend on; policy.h has those that may differ between listeners. Names, units and defaults
 * are those of mosquitto.conf; broker/config_global.c has the table.
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
	uint64_t max_sessions;		       /* 0 = no limit; belfry's own */
	uint64_t max_retained_messages;	       /* 0 = no limit; belfry's own */
	uint64_t max_retained_bytes;	       /* 0 = no limit; belfry's own */
	uint64_t memory_limit;		       /* bytes of messages, all together; 0 = no limit */
	uint64_t global_max_clients;	       /* connected or away; 0 = no limit */
	uint64_t retain_expiry_interval;       /* seconds; 0 = for ever */
	uint64_t connect_timeout;	       /* seconds a connection has for its CONNECT */
	int shared_subscription_policy;	       /* enum share_policy; belfry's own */
	bool check_retain_source;
	bool retain_available;
	bool queue_qos0_messages;
	bool upgrade_outgoing_qos;
};

#endif
