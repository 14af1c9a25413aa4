/* SPDX-License-Identifier: MIT */
/*
 * What a record says only together with the gateway it came through: its identity, and the host
 * of a message, which its topic names and nobody has made out before.
 *
 * Pure. Any number of threads.
 */
#ifndef GATEWAY_RELAY_ORIGIN_H
#define GATEWAY_RELAY_ORIGIN_H

#include "gateway/journal/record.h"
#include "gateway/rules/route.h"

/* Borrowed; all of it lives as long as whoever was given it. */
struct origin {
	uint64_t journal;	     /* journal_id() */
	struct span gateway;	     /* its name, as in client_id; may be empty */
	const struct template *host; /* of a RECORD_MESSAGE, from its topic; NULL: it has none */
};

enum { EVENT_ID_LENGTH = 33 };

/*
 * "9f3c0a1b2c3d4e5f-00000000000004d2": journal and sequence. The same whenever the record is
 * delivered again, and never that of another one: a receiver that has seen it may pass over it.
 * EVENT_ID_LENGTH bytes, without a NUL.
 */
void origin_event_id(const struct origin *o, const struct record *record, char *ret);

/*
 * Append the host a record is about: of a check result its own, of a message what the template
 * makes of the topic. Nothing when there is none, or when a level of the topic is not
 * percent-encoded rightly.
 */
void origin_append_host(const struct origin *o, const struct record *record, struct str *into);

/*
 * How bad it is, for who knows one scale only: the state of a service, and a host that is DOWN or
 * UNREACHABLE is CRITICAL. OK of a message.
 */
enum check_state record_severity(const struct record *record);

/* When it happened: when the check ran, as far as that is known, else when it was received. */
struct wall_time record_time(const struct record *record);

#endif
