/* SPDX-License-Identifier: MIT */
/*
 * Records as relays get them, for the tests of this folder.
 */
#ifndef TESTS_UNIT_GATEWAY_RELAY_RECORDS_H
#define TESTS_UNIT_GATEWAY_RELAY_RECORDS_H

#include "gateway/relay/origin.h"

/* 2026-11-23T04:05:06.789Z, and when the check ran: half a second before. */
static const struct wall_time at = { 1795406706789000000 }, earlier = { 1795406706289000000 };

static const struct origin origin = { .journal = 0x9f3c0a1b2c3d4e5fU, .gateway = SPAN("gw-1") };

static inline struct record service_record(void)
{
	return (struct record){
		.kind = RECORD_RESULT,
		.sequence = 1234,
		.received = at,
		.topic = SPAN("nagios/web1/disk%20%2Fvar"),
		.qos = 1,
		.publisher = { .known = true,
				.client = SPAN("agent-7"),
				.user = SPAN("web-1"),
				.address = SPAN("10.0.0.7:49152") },
		.result = { .host = SPAN("web1"),
				.service = SPAN("disk /var"),
				.state = CHECK_CRITICAL,
				.output = SPAN("disk \"/var\" full"),
				.long_output = SPAN("98% used\n2 inodes left"),
				.perfdata = SPAN("used=98%;80;90;0;100 '/a.b'=.5;10:20 x=U"),
				.time = earlier,
				.ttl = 300,
				.id = SPAN("run-7"),
				.source = SPAN("cron") },
	};
}

static inline struct record host_record(void)
{
	return (struct record){
		.kind = RECORD_RESULT,
		.sequence = 7,
		.received = at,
		.topic = SPAN("nagios/web1"),
		.retain = true,
		.result = { .host = SPAN("web1"),
				.state = CHECK_WARNING,
				.output = SPAN("no answer"),
				.ttl = -1 },
	};
}

static inline struct record message_record(struct span payload)
{
	return (struct record){
		.kind = RECORD_MESSAGE,
		.sequence = 1235,
		.received = at,
		.topic = SPAN("logs/web1/app"),
		.payload = payload,
	};
}

#endif
