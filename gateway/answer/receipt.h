/* SPDX-License-Identifier: MIT */
/*
 * What a publisher is told who asked for it with a response topic (MQTT 5 4.10): one message when
 * its results are in the journal, and one from each output when the core has confirmed them, or for
 * each result that the core does not take. Each carries the publisher's correlation data, so that
 * it knows which of its messages is meant.
 */
#ifndef GATEWAY_ANSWER_RECEIPT_H
#define GATEWAY_ANSWER_RECEIPT_H

#include "common/clock.h"
#include "common/settings.h"
#include "gateway/result/reject.h"

/* Refusals that a receipt tells in full; of more, the number. */
enum { RECEIPT_REFUSALS = 20 };

/* {"receipt":"journaled",...}: what became of a message that was taken off the broker. */
struct receipt {
	struct span topic; /* of the message */
	size_t accepted, refused;
	uint64_t outputs;    /* set of those that will tell when they have confirmed it */
	struct str refusals; /* JSON objects, one behind the other, each with a comma in front */
	struct wall_time received, decoded;
};

/* Count and tell one refusal. */
void receipt_refuse(struct receipt *r, const struct rejection *rejection);
/*
 * The receipt but for its end: what it tells is only true when it is on disk, and
 * receipt_format_end() then says how long that took. `outputs` are the names of the outputs.
 */
void receipt_format(struct str *into, const struct receipt *r, const char *const *outputs,
		struct span gateway_id);
void receipt_format_end(struct str *into, struct wall_time received, struct wall_time journaled);

/* {"receipt":"confirmed",...}: the core behind `output` has applied the results. */
void receipt_format_confirmed(struct str *into, struct span topic, const char *output,
		struct wall_time received, struct wall_time confirmed, struct span gateway_id);

/* {"receipt":"rejected",...}: the core behind `output` does not take one of the results. */
void receipt_format_rejected(struct str *into, const struct rejection *rejection, struct span topic,
		const char *output, struct span gateway_id);

/*
 * May the gateway publish a receipt there? It has rights that the publisher may not have, so it
 * publishes to no topic that it takes results from, none of its own, and none of the broker's.
 */
bool receipt_topic_allowed(struct span topic);

#endif
