/* SPDX-License-Identifier: MIT */
/*
 * The records that a plugin is given to deliver, with the memory they stand in, and what became of
 * each of them. Whoever has it owns all of it: a plugin that never comes back keeps what it reads.
 *
 *     fill with records ─▶ attempt ─▶ marks ─▶ delivery_settle() leaves what is to be tried again
 */
#ifndef GATEWAY_PLUGIN_DELIVERY_H
#define GATEWAY_PLUGIN_DELIVERY_H

#include "common/str.h"
#include "plugins/relay.h"

/* What a plugin has said of one record. */
struct delivery_mark {
	bool is_marked;
	enum relay_verdict verdict;
	char *reason; /* owned; NULL: none */
};

/* Zeroed memory is an empty one. */
struct delivery {
	struct str bytes;  /* what the texts of the records point into */
	struct str labels; /* of the metrics */
	struct relay_record *records;
	struct relay_text *rendered;
	struct relay_metric *metrics;
	struct delivery_mark *marks;
	size_t count, capacity;
	size_t rendered_capacity, metric_count, metric_capacity;
	size_t limit;	  /* records in one attempt */
	size_t attempted; /* that the attempt that runs was given */
	bool has_marks;	  /* of that attempt, or the one before */
};

/* What an attempt came to. */
struct delivery_result {
	size_t delivered, rejected;
	bool must_wait;	    /* something is for RELAY_RETRY */
	const char *reason; /* of a mark that says so; borrowed until the next attempt; or NULL */
	bool was_split;	    /* refused as a whole: it is tried in halves */
};

/* Room for `count` records with `rendered` templates each; what was there before is forgotten. */
void delivery_begin(struct delivery *d, size_t count, size_t rendered);

/* The batch of the next attempt: the first records that are left. */
struct relay_batch delivery_attempt(struct delivery *d, uint32_t attempt);

void delivery_mark(
		struct delivery *d, size_t index, enum relay_verdict verdict, const char *reason);

/*
 * The attempt has ended with `verdict` for what is not marked. Records that arrived or were refused
 * leave; of the latter `refused` hears. One that was refused without a mark, among several, stays:
 * the next attempts take half as many, until it is alone.
 */
struct delivery_result delivery_settle(struct delivery *d, enum relay_verdict verdict,
		const char *reason, void *owner,
		void (*refused)(void *owner, const struct relay_record *r, const char *reason));

void delivery_finish(struct delivery *d);

#endif
