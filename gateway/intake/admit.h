/* SPDX-License-Identifier: MIT */
/*
 * What one message means: which routes take it, what its payload says, who it may speak for, and
 * whether what it says is news. Turns it into records for the journal, and into answers that are
 * due when those are on disk.
 *
 *     message ─▶ route ─▶ names ─▶ decode ─▶ judge ─┬─▶ RECORD_RESULT, _PRESENCE, _COMMAND
 *                  │                 └ refused ──────┴─▶ RECORD_REFUSAL, belfry/reject/...
 *                  └ decode none ──────────────────────▶ RECORD_MESSAGE
 *
 * What is passed on as it came has no host, no sender that could speak for one, and no answer: its
 * response topic is somebody else's.
 *
 * No disk. Belongs to whoever holds the admission's lock.
 */
#ifndef GATEWAY_INTAKE_ADMIT_H
#define GATEWAY_INTAKE_ADMIT_H

#include "gateway/answer/outbound.h"
#include "gateway/answer/receipt.h"
#include "gateway/answer/states.h"
#include "gateway/journal/record.h"
#include "gateway/result/decode.h"
#include "gateway/result/presence.h"
#include "gateway/rules/config.h"
#include "gateway/rules/counters.h"

struct admit {
	const struct config *config;
	struct counters *counters;
	struct standings *standings;
	struct states *states;
	struct record_batch records;	  /* what is to be committed */
	struct record_batch silences;	  /* on their way there */
	struct outbound_message *answers; /* what is to be said then, in order */
	struct outbound_message **last_answer;

	/* The message at hand. */
	const struct record *message;
	const struct arrival *arrival;
	const struct route *route;
	bool is_first;	    /* naming of the message: its refusals are the ones that are told */
	size_t naming_at;   /* in records.bytes: where the naming at hand began */
	size_t last_result; /* in records, from 1: its last one so far; 0: none */
	size_t answered;
	struct receipt receipt;
	bool wants_receipt;
	uint64_t last_outputs; /* set of those that its last result goes to */
	bool left_out;	       /* that there are more than max_objects was said */

	struct decoder *decoder;
	struct json_reader *reader; /* of presences and commands */
	struct str host, service, text, context, detail;
};

/* `standings` may be replaced by the caller between messages. */
void admit_init(struct admit *a, const struct config *config, struct counters *counters);
void admit_finish(struct admit *a);

/*
 * Is a message on this topic to be taken at all? Not what gateways publish themselves, unless a
 * route passes it on as it comes; it is never decoded. From any thread.
 */
bool admit_takes(const struct config *config, struct span topic);

void admit_message(struct admit *a, const struct record *message, const struct arrival *arrival);

/*
 * Results of the gateway's own: objects have fallen silent, or are back. One call for each, from
 * within standings_due(), then one for all; the arrival says from_silence.
 */
void admit_silence(struct admit *a, const struct silence *silence, const struct arrival *arrival);
void admit_silences(struct admit *a, const struct arrival *arrival);

/*
 * Take into account a record of the journal that was committed before, after a restart: nothing is
 * written and nobody is told.
 */
void admit_again(struct admit *a, const struct record *record, const struct arrival *arrival);

/* Forget records and answers. */
void admit_clear(struct admit *a);

#endif
