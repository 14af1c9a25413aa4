/* SPDX-License-Identifier: MIT */
/*
 * What the files of a worker share.
 *
 *     worker.c          the thread: batches to the sink, confirmations, what an earlier run left
 *     worker_records.c  records of the journal into the batch that gathers
 *     worker_answers.c  what publishers are told: refusals, receipts
 */
#ifndef GATEWAY_OUTPUT_WORKER_IMPL_H
#define GATEWAY_OUTPUT_WORKER_IMPL_H

#include <pthread.h>

#include "gateway/output/backlog.h"
#include "gateway/output/confirmations.h"
#include "gateway/output/unknown.h"
#include "gateway/output/worker.h"

struct worker {
	struct worker_env env;
	const struct output_config *config;
	struct journal_reader *reader;
	struct progress_file *progress;
	struct sink *sink;
	struct output_health health;
	struct confirmations *confirmations;
	_Atomic int64_t replay_from;  /* wall time that was asked for; 0: none */
	_Atomic uint64_t handed_over; /* last sequence of the batch that is out */
	_Atomic bool stopping;
	_Atomic uint64_t turns;
	pthread_t thread;
	bool running;
	uint64_t head;	      /* of the journal, before anything new came */
	struct progress left; /* by an earlier run */
	bool knows_left;      /* it is to be believed */

	/* The thread's own from here. */
	struct batch batches[SINK_BATCHES + 1]; /* a ring: those that are out, then one gathers */
	size_t oldest, out;			/* the first that is out; how many are */
	bool read_failed;			/* was said */
	uint64_t position;			/* last record that was put into a batch */
	uint64_t seen;	   /* last record that was taken; up to it all are answered */
	uint64_t told;	   /* last record that was confirmed, so that its receipt is sent */
	uint64_t replayed; /* last record that is handed over again because somebody asked */
	uint64_t rewound;  /* ... because the other side may have forgotten it */
	struct unknown unknown;
	struct backlog backlog;
	struct instant gathering_since; /* of the first record of the batch that gathers */
	struct str text;
};

static inline struct batch *worker_batch(struct worker *w, size_t nth)
{
	return &w->batches[(w->oldest + nth) % array_size(w->batches)];
}

/* The oldest one that is out, if any is. */
static inline struct batch *worker_oldest(struct worker *w)
{
	return worker_batch(w, 0);
}

static inline struct batch *worker_gathering(struct worker *w)
{
	return worker_batch(w, w->out);
}

/*
 * worker.c: what is up to `sequence` need not stay in the journal for this output. A place before
 * the one that was told last is none.
 */
void worker_move_place(struct worker *w, uint64_t sequence);

/* worker_answers.c */
void worker_answer(struct worker *w, const struct rejection *rejection, struct span topic,
		unsigned source);
void worker_take_refusal(void *owner, size_t index, const struct rejection *rejection);
void worker_take_found(void *owner, struct span host, struct span service);
void worker_send_receipts(struct worker *w, const struct batch *b);
void worker_format_rejected(struct worker *w, const struct rejection *rejection, struct span topic);
void worker_send_receipt(
		struct worker *w, struct span response, struct span correlation, unsigned source);

/* Read on, until the batch that gathers is full or there is no more. */
void worker_gather(struct worker *w);

/* When the batch that gathers is to go, full or not, and whether it is to. */
struct instant worker_due_at(const struct worker *w);
bool worker_is_due(struct worker *w);

#endif
