/* SPDX-License-Identifier: MIT */
/*
 * From a payload to check results: JSON in all its accepted shapes, or, where the route allows
 * it, plain text.
 *
 * The decoder never guesses: what is missing or unreadable becomes a rejection, and a rejection
 * of one result of an array does not touch the others. Pure: no clock, no log, no global.
 */
#ifndef GATEWAY_RESULT_DECODE_H
#define GATEWAY_RESULT_DECODE_H

#include "gateway/result/check_result.h"
#include "gateway/result/reject.h"

enum decode_format { DECODE_JSON = 1, DECODE_TEXT = 2 };

enum {
	MAX_PAYLOAD_BYTES = 4 * 1024 * 1024, /* a bigger one is rejected as too-large */
	MAX_JSON_DEPTH = 32,
	MAX_OBJECT_KEYS = 64,
};

struct decode_input {
	struct span payload;
	/*
	 * What the topic says, percent-decoded; it has been checked by the broker's ACL. Empty
	 * when the payload names it alone, which the caller allows with *_from_payload: where the
	 * route says so, and for services on the topic of their host. Otherwise the payload may
	 * repeat the name and not change it.
	 */
	struct span host;
	bool host_from_payload;
	struct span service;
	bool service_from_payload;
	unsigned formats; /* set of enum decode_format */
};

/* Called once for each result or rejection, in the order of the payload. */
struct decode_sink {
	void *owner;
	void (*result)(void *owner, const struct check_result *result);
	void (*rejection)(void *owner, const struct rejection *rejection);
};

/* Scratch memory that is kept from one payload to the next. */
struct decoder;

struct decoder *decoder_create(void);
void decoder_destroy(struct decoder *d);

/* Decode one payload. Every payload calls the sink at least once, but for an empty array. */
void decode(struct decoder *d, const struct decode_input *input, const struct decode_sink *sink);

#endif
