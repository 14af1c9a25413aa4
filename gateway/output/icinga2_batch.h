/* SPDX-License-Identifier: MIT */
/*
 * The batch that is on its way to Icinga 2, and what Icinga's answers mean for its results: taken,
 * outdated, or refused for good, which their publishers are told.
 */
#ifndef GATEWAY_OUTPUT_ICINGA2_BATCH_H
#define GATEWAY_OUTPUT_ICINGA2_BATCH_H

#include "gateway/output/http_reader.h"
#include "gateway/output/sink.h"
#include "gateway/result/encode_icinga2.h"

struct icinga2_batch {
	const struct sink_env *env; /* borrowed */
	const struct batch *batch;  /* borrowed from submit() to done; NULL: none */
	unsigned permitted;	    /* set of 1 << enum command_kind, as Icinga says */
};

/* What was encoded of result `index`. */
struct span icinga2_batch_text(const struct icinga2_batch *b, size_t index);

/* Icinga has no such object; it says no more than that. */
void icinga2_batch_refuse_unknown(struct icinga2_batch *b, size_t index);

/*
 * Is an answer with this status about the request, so that the same one would get the same answer
 * for ever?
 */
bool icinga2_is_verdict(unsigned status);

/* An answer to result `index`, of a status that is a verdict. */
void icinga2_batch_take(struct icinga2_batch *b, size_t index, const struct http_answer *answer);

/* The answer to /v1: which commands this user may give. Results are taken without them. */
void icinga2_batch_note_permitted(struct icinga2_batch *b, struct span body);

#endif
