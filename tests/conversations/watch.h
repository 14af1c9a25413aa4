/* SPDX-License-Identifier: MIT */
/*
 * What a server must keep to whatever a script is about: every packet of a connection is held
 * against what its client has said in CONNECT and what has gone over the connection before.
 * The form of each packet is packet_describe()'s business.
 */
#ifndef TESTS_CONVERSATIONS_WATCH_H
#define TESTS_CONVERSATIONS_WATCH_H

#include "tests/conversations/fields.h"

enum { MAX_REQUESTS = 16 };

/* A SUBSCRIBE or UNSUBSCRIBE that has not been answered. */
struct request {
	uint16_t id;
	uint16_t filters;
	bool is_subscribe;
};

/* One connection; zeroed memory is a fresh one. */
struct watch {
	bool is_blind; /* the client has sent raw bytes: what it asked for is not known */
	bool has_connack, is_over;
	/* from CONNECT */
	bool is_connecting, id_is_empty, has_method;
	bool no_problem_information, wants_response_information;
	uint32_t maximum_packet; /* 0: none */
	uint32_t receive_maximum, alias_maximum;
	/* under way */
	struct request requests[MAX_REQUESTS];
	unsigned request_count, in_flight;
	uint8_t ids[8192];     /* identifiers of deliveries that are not acknowledged */
	uint8_t aliases[8192]; /* that have been given a topic */
};

/* The client has sent this, in the words of the script. */
void watch_sent(struct watch *w, struct fields *f);

/* The server has sent this; false with the rule that it breaks in *problem. */
bool watch_received(struct watch *w, struct fields *f, struct str *problem);

#endif
