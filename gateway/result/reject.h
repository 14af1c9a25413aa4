/* SPDX-License-Identifier: MIT */
/*
 * Why a message was not accepted. The codes are stable: operators search for them, programs
 * compare them. One table gives code, reason and remedy; the detail is the part of the sentence
 * that differs from message to message.
 */
#ifndef GATEWAY_RESULT_REJECT_H
#define GATEWAY_RESULT_REJECT_H

#include "common/span.h"
#include "common/str.h"

enum reject {
	REJECT_NONE = 0,
	REJECT_NOT_JSON,	 /* "not-json" */
	REJECT_NOT_OBJECT,	 /* "not-an-object" */
	REJECT_TOO_DEEP,	 /* "too-deep" */
	REJECT_TOO_MANY,	 /* "too-many-keys" */
	REJECT_DUPLICATE_KEY,	 /* "duplicate-key" */
	REJECT_NOT_UTF8,	 /* "not-utf8" */
	REJECT_LONE_SURROGATE,	 /* "lone-surrogate" */
	REJECT_NUL,		 /* "nul" */
	REJECT_NO_STATE,	 /* "no-state" */
	REJECT_BAD_STATE,	 /* "bad-state" */
	REJECT_NO_HOST,		 /* "no-host" */
	REJECT_BAD_HOST,	 /* "bad-host" */
	REJECT_BAD_SERVICE,	 /* "bad-service" */
	REJECT_HOST_MISMATCH,	 /* "host-mismatch" */
	REJECT_SERVICE_MISMATCH, /* "service-mismatch" */
	REJECT_BAD_TIME,	 /* "bad-time" */
	REJECT_BAD_VALUE,	 /* "bad-value" */
	REJECT_TOO_LARGE,	 /* "too-large" */
	REJECT_NO_TEXT,		 /* "no-text": plain text whose state cannot be read */
	REJECT_NO_ROUTE,	 /* "no-route" */
	REJECT_NOT_ALLOWED,	 /* "not-allowed": its publisher may not speak for it */
	REJECT_DUPLICATE,	 /* "duplicate": its id came before */
	REJECT_OUT_OF_ORDER,	 /* "out-of-order": a newer one of its object came before */
	REJECT_TOO_OLD,		 /* "too-old" */
	REJECT_TOO_NEW,		 /* "too-new" */
	REJECT_UNKNOWN_HOST,	 /* "unknown-host": the core has no such host */
	REJECT_UNKNOWN_SERVICE,	 /* "unknown-service" */
	REJECT_REFUSED,		 /* "refused": the core does not take it */
	REJECT_BAD_COMMAND,	 /* "bad-command" */
	REJECT_COUNT,
};

struct reject_info {
	const char *code;
	const char *reason; /* a sentence without the detail */
	const char *remedy; /* what the publisher or the operator does about it */
};

const struct reject_info *reject_info(enum reject reject);

/* The number of a code; REJECT_REFUSED when this version has no such code. */
enum reject reject_of_code(struct span code);

/* One refused result, or one refused message. */
struct rejection {
	enum reject reject;
	struct span detail;	   /* what was found: the word, the name; borrowed, may be empty */
	size_t index;		   /* position in an array of results, counted from 0 */
	struct span host, service; /* as far as known, else empty */
};

/*
 * The body of the message on belfry/reject/<topic>: one JSON object with code, reason, remedy,
 * detail, topic, index, host, service, time (of this call) and gateway. Everything a stranger
 * chose is escaped, and of a long detail only the beginning is told.
 */
void reject_format(struct str *into, const struct rejection *r, struct span topic,
		struct span gateway_id);

#endif
