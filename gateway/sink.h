/* SPDX-License-Identifier: MIT */
/*
 * The far end of an output: something that takes batches of check results and says when they have
 * arrived for good.
 *
 * A sink works for one worker thread and never blocks it. The worker fills one batch while the
 * sink has another one out:
 *
 *     submit(batch) → step() → SINK_BUSY … step() → SINK_DONE     then the cursor moves
 *
 * Between calls the worker waits on the sink's descriptors and its deadline. A sink never gives
 * up: it tries again until the batch has arrived, says once in the log what is in the way, and
 * keeps the sentence in `problem` for the status message.
 */
#ifndef GATEWAY_SINK_H
#define GATEWAY_SINK_H

#include <poll.h>

#include "gateway/check_result.h"
#include "gateway/config.h"
#include "gateway/counters.h"
#include "gateway/progress.h"

enum { SINK_DESCRIPTORS = 4 };

/* What is delivered at once: the results of the records first..last of the journal. */
struct batch {
	struct str text; /* encoded results, whole */
	size_t results;
	uint64_t first, last;
};

enum sink_state {
	SINK_IDLE, /* no batch */
	SINK_BUSY, /* the batch is on its way */
	SINK_DONE, /* it has arrived; said once */
	SINK_LOST, /* it cannot arrive any more: build it again; said once */
};

enum sink_leftover {
	LEFTOVER_NONE,	  /* the batch never left: build it again */
	LEFTOVER_BUSY,	  /* it is still out: step() will tell */
	LEFTOVER_ARRIVED, /* it had arrived */
};

struct sink_env {
	uint64_t journal; /* journal_id() */
	struct progress_file *progress;
	struct output_counters *counters;
	_Atomic(const char *) *problem; /* a literal, NULL while all is well; for the status */
};

struct sink;

struct sink_class {
	const char *type;
	/* Both borrowed for the life of the sink. */
	struct sink *(*create)(const struct output_config *config, const struct sink_env *env);
	void (*destroy)(struct sink *s);
	/*
	 * What became of the batch that an earlier run had issued. NULL: that run had none out;
	 * whatever it left lying about goes. With LEFTOVER_BUSY the batch counts as submitted.
	 */
	enum sink_leftover (*resume)(struct sink *s, const struct progress *left);
	/* Append the result in the sink's form. `received` stands in for a missing time. */
	void (*encode)(struct sink *s, struct str *into, const struct check_result *result,
			struct wall_time received);
	/* Start with the batch, which stays untouched until it is done. Only when idle. */
	void (*submit)(struct sink *s, const struct batch *batch);
	enum sink_state (*step)(struct sink *s, struct instant now);
	/* Fill in what to poll for; returns how many of SINK_DESCRIPTORS. */
	size_t (*descriptors)(struct sink *s, struct pollfd *fds);
	/* What poll() said of them; step() follows. */
	void (*polled)(struct sink *s, const struct pollfd *fds, size_t n);
	/* When step() is to be called at the latest. */
	struct instant (*deadline)(const struct sink *s);
};

/* Every sink begins with this. */
struct sink {
	const struct sink_class *class;
};

#endif
