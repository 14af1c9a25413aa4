/* SPDX-License-Identifier: MIT */
/*
 * One entry of the journal, and its form on disk. What a message says is made out before it is
 * acknowledged, once for all outputs; so the journal holds what was understood:
 *
 *     message ─┬─▶ RECORD_RESULT     one for each check result that was taken
 *              ├─▶ RECORD_REFUSAL    one for each that was not, and why
 *              ├─▶ RECORD_PRESENCE   somebody said that an object is there or gone
 *              ├─▶ RECORD_COMMAND    what a core is asked to do
 *              └─▶ RECORD_MESSAGE    the message as it came, for outputs that take payloads
 */
#ifndef GATEWAY_JOURNAL_RECORD_H
#define GATEWAY_JOURNAL_RECORD_H

#include "common/clock.h"
#include "common/str.h"
#include "gateway/result/check_result.h"
#include "gateway/result/command.h"
#include "gateway/result/reject.h"
#include "gateway/rules/publisher.h"
#include "gateway/rules/standing.h"

enum record_kind {
	RECORD_MESSAGE = 1,
	RECORD_RESULT = 2,
	RECORD_REFUSAL = 3,
	RECORD_PRESENCE = 4,
	RECORD_COMMAND = 5,
};

enum { RECORD_MOST_SAID = 1024 };

/* Spans are borrowed: from the received message, or from the journal during a read. */
struct record {
	uint64_t sequence; /* 1 and up, without gaps; given by the journal */
	enum record_kind kind;
	struct wall_time received;
	struct span topic;
	unsigned source; /* which of the gateway's brokers it came from, from 0 */
	bool retain;
	/* 0 to 2: as the broker handed it over. Of the DUP flag libmosquitto tells nobody. */
	unsigned qos;
	struct publisher publisher;
	/*
	 * RECORD_MESSAGE: as it came; nobody here answers to it. Otherwise where the publisher
	 * wants receipts; the topic is empty where it wants none. Of the results of a message the
	 * last one has it.
	 */
	struct span response_topic, correlation;

	/*
	 * What MQTT 5 lets a publisher say beside [v5 3.3.2.3]; a broker passes it on unchecked. A
	 * RECORD_MESSAGE has all of it. Every other record repeats what its message had, and an
	 * array makes a thousand of one message: it has a content type of RECORD_MOST_SAID bytes
	 * at most, a longer one is left out, and of the user properties the first that fit into as
	 * many bytes.
	 */
	bool is_utf8;		     /* the payload format indicator is 1 */
	bool expires;		     /* there is a message expiry interval: */
	uint32_t expiry;	     /* seconds that were left of it */
	struct span content_type;    /* empty: none */
	struct span user_properties; /* but for the broker's own; see record_next_property() */

	struct span payload; /* RECORD_MESSAGE */

	/* RECORD_RESULT and RECORD_REFUSAL: which of the message's, counted from 0. */
	uint32_t index;
	/* RECORD_RESULT and RECORD_COMMAND: no other one of its message follows. */
	bool is_last;
	/* RECORD_RESULT: which naming of a route made its host and service, see route_naming(). */
	uint32_t naming;
	/* RECORD_RESULT: it is the gateway's own, about an object that fell silent or is back. */
	bool is_own;
	struct check_result result; /* RECORD_RESULT; its time is its stamp */
	/* RECORD_RESULT and RECORD_PRESENCE: what silence means for the object. */
	struct silence_rule silence;

	struct rejection rejection; /* RECORD_REFUSAL */
	struct presence presence;   /* RECORD_PRESENCE */
	struct command command;	    /* RECORD_COMMAND */
};

/* Records read and not yet written. Zeroed memory is an empty one. */
struct record_batch {
	struct str bytes; /* encoded records, one behind the other */
	size_t *sizes;
	size_t count;
	size_t capacity;
};

void record_batch_add(struct record_batch *b, const struct record *record);
/*
 * The record at `index`, which was added without a response topic, is the last result of its
 * message, and has this one.
 */
void record_batch_mark_last(struct record_batch *b, size_t index, struct span response_topic,
		struct span correlation);
void record_batch_clear(struct record_batch *b);
void record_batch_finish(struct record_batch *b);

/* False when the bytes are not a record of a known layout. The sequence is not part of them. */
bool record_decode(struct span bytes, struct record *ret);

/*
 * User properties are kept in the order they came, and a name may come again:
 *
 *     struct span rest = record->user_properties, name, value;
 *
 *     while (record_next_property(&rest, &name, &value))
 *
 * False at the end, and where they are damaged.
 */
bool record_next_property(struct span *rest, struct span *ret_name, struct span *ret_value);

/* Append one to user properties that are put together; both texts of 65535 bytes at most. */
void record_add_property(struct str *into, struct span name, struct span value);

/* The first of the properties, as many as fit into `most` bytes with 4 bytes for each. */
struct span record_first_properties(struct span properties, size_t most);

/* Only when it was received, which costs less. False as above. */
bool record_decode_received(struct span bytes, struct wall_time *ret);

#endif
