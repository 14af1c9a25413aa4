/* SPDX-License-Identifier: MIT */
/*
 * What is delivered at once: results, encoded by the sink one behind the other, with what is
 * needed to answer for each of them. Zeroed memory is an empty one. Belongs to one worker.
 */
#ifndef GATEWAY_OUTPUT_BATCH_H
#define GATEWAY_OUTPUT_BATCH_H

#include "common/str.h"
#include "gateway/journal/record.h"

/* One result of a batch. */
struct batch_item {
	uint64_t sequence;	 /* of its record */
	size_t at, len;		 /* where in the batch's text it stands, as the sink encoded it */
	size_t topic, topic_len; /* where in the batch's texts; what an answer to it needs */
	unsigned source;	 /* which broker it came from */
	struct wall_time received;
	bool is_outdated; /* a newer one of its object follows; gone when the batch is submitted */
	uint32_t hash;	  /* of its object, when that is looked for */
	size_t name, name_len;
	size_t receipt; /* number + 1 of its message's receipt; 0: its publisher wants none */
};

/* Somebody who is to hear when the batch has arrived. Places are in texts. */
struct batch_receipt {
	uint64_t sequence; /* of the record */
	bool is_last;	   /* of its message: it is to be confirmed */
	size_t topic, topic_len, response, response_len, correlation, correlation_len;
	unsigned source;
	struct wall_time received;
};

struct batch {
	struct str text;	  /* encoded results, whole */
	struct batch_item *items; /* one for each result, of a sink whose results are answered */
	size_t results;		  /* how many; text is theirs, one behind the other */
	size_t capacity;
	size_t outdated; /* of them */
	struct str texts;
	struct batch_receipt *receipts;
	size_t receipt_count, receipt_capacity;
	uint64_t first, last; /* sequences of the records it holds; 0: none */
	uint32_t *slots;      /* item numbers + 1 by hash, a power of two of them */
	size_t slot_count;
	uint64_t seed; /* of the hashes, 0: none yet */
};

/*
 * Add the result of `record`, whose encoded form is text.text[at..] already. With `coalesce` an
 * item of the same host and service that is in the batch becomes outdated; returns whether one did.
 */
bool batch_add(struct batch *b, const struct record *record, size_t at, bool coalesce);

/* Count one more whose encoded form is in the text: nobody is to hear of it, so it is no item. */
static inline void batch_add_quiet(struct batch *b)
{
	b->results++;
}

/* Whoever published `record` wants to hear of it, though it is no item. */
void batch_add_receipt(struct batch *b, const struct record *record);

/* Let outdated items go. */
void batch_compact(struct batch *b);

void batch_clear(struct batch *b);
void batch_finish(struct batch *b);

/* Spans into the batch, valid until something is added. */
struct span batch_topic(const struct batch *b, const struct batch_item *item);

#endif
