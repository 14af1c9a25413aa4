/* SPDX-License-Identifier: MIT */
/*
 * Who published a message, as far as the broker vouches for it: the MQTT 5 user properties
 * belfry-client, belfry-user and belfry-address that belfry-broker adds with
 * `publisher_properties true`, after it has removed any of the publisher's own of these names. No
 * other broker does: from one of those they are worth nothing.
 */
#ifndef GATEWAY_RULES_PUBLISHER_H
#define GATEWAY_RULES_PUBLISHER_H

#include "common/str.h"

/* Zeroed memory is nobody. Spans are borrowed from the message. */
struct publisher {
	struct span client, address;
	struct span user; /* empty: it has none */
	bool known;	  /* the broker has said who it is; without it nothing here counts */
	bool is_forged;	  /* a property came twice, and at most one of them is the broker's */
};

/* Is it the name of one of these properties? */
bool publisher_has_property(struct span name);

/*
 * Take note of one user property of the message; one of another name says nothing. True when it
 * was one of these.
 */
bool publisher_note(struct publisher *p, struct span name, struct span value);

/* Append who it is, for people: "client agent-7, user web-1, 10.0.0.7:49152", escaped. */
void publisher_describe(const struct publisher *p, struct str *into);

#endif
