/* SPDX-License-Identifier: MIT */
/*
 * The durable store: what survives the end of the process, however it comes about.
 *
 * A folder holds an LMDB environment (common/lmdb.h) in the layout of common/store_format.h and a
 * lock file. One thread writes: it takes one batch at a time (broker/core/batch.h), commits it in
 * one transaction, and says so. When a commit fails, the batch is tried again, from its beginning
 * and in a newly opened environment, every second until it succeeds: an error of fsync says nothing
 * about what is on disk, so nothing is trusted but the last commit that returned 0.
 *
 *     good ──commit fails──▶ failing ──commit succeeds──▶ good
 *       └──more than max_bytes──▶ full ──removals──▶ good
 *
 * While it is failing or full, store_error() tells the loop not to take over more. What a batch
 * holds has been taken over already, and what makes room stands behind it: so a full store writes
 * it all the same. It exceeds its limit by what had gathered when that was reached.
 *
 * Space is given back: when less than a quarter of a large file is used, the thread copies what is
 * used into a new one between two commits.
 *
 * Threads: all functions are for the thread of the event loop; the one that writes is inside.
 */
#ifndef BROKER_STORE_STORE_H
#define BROKER_STORE_STORE_H

#include "broker/core/batch.h"

struct store;
struct shard;
struct policy;

struct store_options {
	const char *folder;    /* created when missing, for this user alone */
	uint64_t max_bytes;    /* of the file; 0: no limit but the disk's */
	struct duration retry; /* between two attempts of a failing commit */
	/* From the store's thread: store_finished() or store_error() has something to say. */
	void (*wake)(void *owner);
	void *owner;
	/*
	 * For tests, or NULL: asked before each step of a commit ("begin", "message", "delivery",
	 * "record", "remove", "commit", "reopen"); returns 0 or the -errno with which the step
	 * fails.
	 */
	int (*fault)(void *owner, const char *step);
};

/*
 * Open or create the store. What is damaged is set aside under a dated name and as much as can be
 * read of it is taken over; an older layout is migrated. 0, or -errno with a word in the log:
 * -EBUSY another process has it, -EPROTONOSUPPORT it is a newer version's.
 */
int store_open(const struct store_options *options, struct store **ret);

/*
 * What is under way is finished first, unless it is failing; its batch is its owner's again either
 * way. Accepts NULL.
 */
void store_close(struct store *s);

/* What was found. */
struct store_summary {
	uint64_t sessions, subscriptions, deliveries, messages, retained;
	uint64_t lost; /* records that refer to what is not there, or are damaged */
};

/* Who finds the policy of the listener of that name, or of the first one; borrowed. */
struct store_policies {
	void *owner;
	struct policy *(*find)(void *owner, struct span listener);
};

/*
 * Fill the empty shard, before the first client and before the first batch. `now` and the wall
 * clock's time at that instant tell how long everything has waited.
 */
int store_load(struct store *s, struct shard *shard, const struct store_policies *policies,
		struct instant now, struct wall_time wall, struct store_summary *ret);

/*
 * Hand a sealed batch over, which the store has until store_finished() returns it. Only when it
 * has none.
 */
void store_commit(struct store *s, struct batch *batch);

/* The batch that is committed, or NULL while it is not; not told twice. */
struct batch *store_finished(struct store *s);

/* Wait for store_finished() or a failure, for so long at most; for the end of the process. */
void store_wait(struct store *s, struct duration most);

/*
 * 0, or why nothing more is to be taken over: the -errno of the commit that is failing, or -ENOSPC
 * while the store is full. Cheap enough for every turn of the loop.
 */
int store_error(const struct store *s);

/* Does the store have a batch that it could not write? Not when it is merely full. */
bool store_is_failing(const struct store *s);

/* For the operator. */
struct store_status {
	int error;	  /* store_error() */
	uint64_t commits; /* since the start */
	uint64_t failures;
	uint64_t records_put, records_removed;
	uint64_t bytes_used, bytes_file, bytes_max;
	struct duration last_commit, longest_commit;
};

struct store_status store_status(struct store *s);

#endif
