/* SPDX-License-Identifier: MIT */
/*
 * A batch becomes records, in one transaction. Repeating it does no harm, neither in the same
 * transaction begun anew nor on top of one that had succeeded.
 */
#ifndef BROKER_STORE_WRITE_H
#define BROKER_STORE_WRITE_H

#include "broker/core/batch.h"
#include "common/lmdb.h"
#include "common/store_format.h"

/* What may fail a step, as store_options of store.h. Zeroed: nothing does. */
struct store_fault {
	int (*ask)(void *owner, const char *step);
	void *owner;
};

static inline int store_fault_at(const struct store_fault *f, const char *step)
{
	return f->ask != NULL ? f->ask(f->owner, step) : 0;
}

/* Zeroed but for what it is given. */
struct batch_writer {
	const unsigned *tables;	   /* of the environment, STORE_TABLES */
	const struct batch *batch; /* or NULL: `records` alone */
	struct span records;	   /* a log as the batch's, after it */
	struct store_fault fault;
	uint64_t put, removed; /* of the last time that it was written */
	struct str scratch;
};

void batch_writer_finish(struct batch_writer *w);

/* For lmdb_update(); `owner` is the writer. */
int batch_write(struct MDB_txn *txn, void *owner);

#endif
