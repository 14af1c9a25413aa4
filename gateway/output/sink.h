/* SPDX-License-Identifier: MIT */
/*
 * The far end of an output: something that takes batches of check results and says when they have
 * arrived for good.
 *
 * A sink works for one worker thread and never blocks it. The worker fills one batch while the
 * sink has another one out, or as many as its depth says:
 *
 *     submit(batch) → step() → SINK_BUSY … step() → SINK_DONE     then the cursor moves
 *
 * Between calls the worker waits on the sink's descriptors and its deadline. A sink never gives
 * up: it tries again until the batch has arrived, says once in the log what is in the way, and
 * keeps the sentence in `problem` for the status message.
 */
#ifndef GATEWAY_OUTPUT_SINK_H
#define GATEWAY_OUTPUT_SINK_H

#include <poll.h>

#include "gateway/journal/progress.h"
#include "gateway/output/batch.h"
#include "gateway/output/objects.h"
#include "gateway/rules/config.h"
#include "gateway/rules/counters.h"

enum {
	SINK_DESCRIPTORS = 8,
	SINK_BATCHES = 2, /* that may be out at once */
};

enum sink_state {
	SINK_IDLE, /* no batch */
	SINK_BUSY, /* a batch is on its way */
	SINK_DONE, /* the oldest one has arrived; said once for each */
	SINK_LOST, /* it cannot arrive any more: build it again; said once */
	/*
	 * The other side has forgotten what it confirmed before, as Icinga does with the last
	 * second before a reload: begin again behind held(), or with what was received since
	 * rewind_to(). Said once; a batch that was out is forgotten.
	 */
	SINK_REWIND,
};

enum sink_leftover {
	LEFTOVER_NONE,	  /* the batch never left: build it again */
	LEFTOVER_BUSY,	  /* it is still out: step() will tell */
	LEFTOVER_ARRIVED, /* it had arrived */
};

struct sink_env {
	uint64_t journal;    /* journal_id() */
	const char *gateway; /* its client_id */
	struct progress_file *progress;
	/* reissued and cut are the sink's to count, and it keeps `connected` after each step. */
	struct output_counters *counters;
	_Atomic(const char *) *problem; /* a literal, NULL while all is well; for the status */
	/*
	 * The other side refuses item `index` of the batch that is out, for good: it counts as
	 * delivered, and its publisher is told. `host` and `service` as in the result; `detail` may
	 * be empty. From within step().
	 */
	void (*refuse)(void *owner, size_t index, const struct rejection *rejection);
	/*
	 * An answer to a result shows that the other side has its object. Of a sink that cannot
	 * tell its objects, which would leave one that was refused as unknown pending for ever.
	 */
	void (*found)(void *owner, struct span host, struct span service);
	void *owner;
};

struct sink;

/*
 * The settings of every type, for its table: `T` begins with a struct output_config named `output`.
 * How many results make a batch is the type's to say.
 */
#define SINK_SETTINGS(T, results, most_results)                                                    \
	{ "max_output", SETTING_SIZE, SETTING_FIELD(T, uint64_t, output.max_output), 64, 1048576,  \
		"8k", 0, "Bytes kept of a result's output; more is cut, and marked as cut.",       \
		NULL },                                                                            \
			{ "batch_results", SETTING_NUMBER,                                         \
				SETTING_FIELD(T, uint64_t, output.batch_results), 1, most_results, \
				results, 0, "Results in one batch at most.", NULL },               \
			{ "coalesce", SETTING_BOOL, SETTING_FIELD(T, bool, output.coalesce), 0, 0, \
				"false", 0,                                                        \
				"Of results that wait, hand over only the newest of each host "    \
				"and service; the others are counted (coalesced).",                \
				NULL },                                                            \
	{                                                                                          \
		"batch_size", SETTING_SIZE, SETTING_FIELD(T, uint64_t, output.batch_size), 4096,   \
				67108864, "1M", 0,                                                 \
				"Bytes in one batch at most, but for a single message that is "    \
				"larger.",                                                         \
				NULL                                                               \
	}

struct relay_counter;

struct sink_class {
	const char *type;
	const char *help;		/* one sentence, for --help and the manual */
	const struct setting *settings; /* of a struct that begins with struct output_config */
	/* Takes messages as they came too (RECORD_MESSAGE), by routes with `decode none`. */
	bool takes_messages;
	size_t config_size; /* of that struct */
	/*
	 * How many batches it takes before the first of them is done, at most SINK_BATCHES; they
	 * arrive one after the other. 0 is 1.
	 */
	size_t depth;
	/* What a relay's plugin counts, in output_counters.plugin. NULL: nothing. */
	const struct relay_counter *counters;
	/* Complete the block once it was read, and append to *problem what is wrong with it. */
	void (*check)(struct output_config *config, const char *state_dir, struct str *problem);
	/* Give back what check made, beside the settings. NULL: nothing. */
	void (*finish)(struct output_config *config);
	/* Both borrowed for the life of the sink. */
	struct sink *(*create)(const struct output_config *config, const struct sink_env *env);
	void (*destroy)(struct sink *s);
	/*
	 * The end comes, and destroy: what waits elsewhere is to be cut short. The last call on the
	 * worker's thread, so that many outputs end together. NULL: nothing does.
	 */
	void (*stop)(struct sink *s);
	/*
	 * What became of the batch that an earlier run had issued. NULL: that run had none out;
	 * whatever it left lying about goes. With LEFTOVER_BUSY the batch counts as submitted.
	 */
	enum sink_leftover (*resume)(struct sink *s, const struct progress *left);
	/*
	 * The objects that the core has; NULL, the function too: not known. A result for one that
	 * it does not have is not encoded.
	 */
	struct objects *(*objects)(struct sink *s);
	/*
	 * Of a relay, in place of encode: append the record, a result or a message, in the sink's
	 * form. False: it is not for this output. Nobody is told what becomes of it.
	 */
	bool (*encode_record)(struct sink *s, struct str *into, const struct record *record);
	/* Append the result in the sink's form. `received` stands in for a missing time. */
	void (*encode)(struct sink *s, struct str *into, const struct check_result *result,
			struct wall_time received);
	/*
	 * Append a command in the sink's form; returns NULL, or why the other side can do nothing
	 * of the kind, in words. Without this function the sink takes no commands at all.
	 */
	const char *(*encode_command)(struct sink *s, struct str *into,
			const struct command *command, struct wall_time received);
	/*
	 * Start with the batch, which stays untouched until it is done; its text alone may be taken
	 * out of it. Only when fewer than `depth` are out.
	 */
	void (*submit)(struct sink *s, struct batch *batch);
	enum sink_state (*step)(struct sink *s, struct instant now);
	/* Fill in what to poll for; returns how many of SINK_DESCRIPTORS. */
	size_t (*descriptors)(struct sink *s, struct pollfd *fds);
	/* What poll() said of them; step() follows. */
	void (*polled)(struct sink *s, const struct pollfd *fds, size_t n);
	/*
	 * The last sequence that the other side surely holds, as far as it was confirmed at all:
	 * the journal keeps what is behind it. NULL: the sink cannot tell.
	 */
	uint64_t (*held)(const struct sink *s);
	/*
	 * Of a sink with held(): add `held` and `peer` to what the progress file is to say, and
	 * hear, before anything else, what it said at the end of an earlier run. Both or none.
	 */
	void (*keep)(const struct sink *s, struct progress *p);
	void (*recall)(struct sink *s, const struct progress *left, struct instant now);
	/* Of a sink without held() that says SINK_REWIND. */
	struct wall_time (*rewind_to)(const struct sink *s);
	/* When step() is to be called at the latest. */
	struct instant (*deadline)(const struct sink *s);
};

/* Every sink begins with this. */
struct sink {
	const struct sink_class *class;
};

#endif
