/* SPDX-License-Identifier: MIT */
/*
 * The gateway's own messages on one connection: handed to libmosquitto, and not acknowledged by the
 * broker yet. One thread, the intake's.
 */
#ifndef GATEWAY_INTAKE_IN_FLIGHT_H
#define GATEWAY_INTAKE_IN_FLIGHT_H

#include "common/mqtt_client.h"
#include "gateway/answer/outbound.h"
#include "gateway/intake/client.h"
#include "gateway/rules/counters.h"

enum { MAX_IN_FLIGHT = 20 /* libmosquitto's limit */ };

struct in_flight {
	struct counters *counters;			  /* borrowed; of what became of them */
	struct outbound_message *messages[MAX_IN_FLIGHT]; /* NULL: free */
};

/* Hand over what waits, as far as there is room. */
void in_flight_fill(struct in_flight *f, struct mosquitto *client, enum client_protocol protocol,
		struct outbound *waiting);

/* The broker has answered `packet`; `broker` is its name for the log. */
void in_flight_acknowledged(struct in_flight *f, int packet, int reason, const char *broker);

bool in_flight_any(const struct in_flight *f);

/*
 * The connection is gone, and with it what it had: a new status follows the next connect, and a
 * lost answer is better than one that holds up others.
 */
void in_flight_drop(struct in_flight *f);

#endif
