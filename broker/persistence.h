/* SPDX-License-Identifier: MIT */
/*
 * `persistence true`: between the shard, which notes what has to survive (broker/core/ledger.h),
 * and the store, which writes it (broker/store/store.h).
 *
 * At the end of each turn of the loop, what the store has committed is released, and when the store
 * has nothing to do, it is given what has gathered. While most of it is acknowledged by its
 * receivers before long, that waits: what is not there any more is not written, and what was
 * promised for it is released without the disk.
 */
#ifndef BROKER_PERSISTENCE_H
#define BROKER_PERSISTENCE_H

#include "broker/io/sys.h"
#include "broker/resources.h"

struct persistence;

/*
 * Open the store and fill the shard, which is empty, with what it holds; then note what happens.
 * Before the first connection, and before bridges. *ret is NULL when the configuration has no
 * `persistence true`. False when the store cannot be used, which was logged; *ret is then to be
 * destroyed like any other.
 */
bool persistence_start(struct reactor *r, struct sys *sys, const struct config *config,
		const struct resources *resources, struct persistence **ret);

/*
 * Commit what is left and release what was withheld for it; from then on nothing is noted, so that
 * clients are found after the next start as they are now. Accepts NULL.
 */
void persistence_stop(struct persistence *p);

/*
 * While loop and shard are there still: what the store's thread has under way is finished first,
 * however long that takes. Accepts NULL.
 */
void persistence_destroy(struct persistence *p);

#endif
