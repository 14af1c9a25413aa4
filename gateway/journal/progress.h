/* SPDX-License-Identifier: MIT */
/*
 * How far one output has come, to the batch, in a small file of its own.
 *
 * The journal's cursor is durable only with the next commit, and a commit costs a disk write. This
 * file is written before a batch is handed to the core and after it was confirmed, without one:
 * what was written survives kill -9 of the gateway, because the kernel holds it. It does not
 * survive the machine, and must not: after a power cut the core has lost its memory too, and
 * "the file is gone, so it was applied" would be a guess. The file therefore names the boot and
 * the journal it speaks of, and is believed only while both are still the same. Otherwise the
 * journal's cursor holds, and what is behind it is delivered again.
 *
 * What the other side may have forgotten is believed of an earlier boot as well: at worst it gets
 * again what it has.
 */
#ifndef GATEWAY_JOURNAL_PROGRESS_H
#define GATEWAY_JOURNAL_PROGRESS_H

#include "common/base.h"

struct progress {
	uint64_t confirmed;    /* last sequence that the other side has confirmed */
	uint64_t issued_first; /* the batch that was handed over, 0: none */
	uint64_t issued_last;
	uint64_t place; /* where it was put; its absence elsewhere proves nothing */
	bool is_named;	/* the core was told of it: only then its absence is the core's doing */
	uint64_t held;	/* last sequence that a restart of the other side cannot take from it */
	uint64_t peer;	/* tells one life of the other side from the next; 0: not known */
};

struct progress_file;

/* Open or create the file. `journal` is journal_id(). 0 or -errno. */
int progress_open(const char *path, uint64_t journal, struct progress_file **ret);
void progress_close(struct progress_file *f);

/*
 * What an earlier run left. False when there is nothing to be believed, but for held and peer when
 * peer is not 0.
 */
bool progress_load(struct progress_file *f, struct progress *ret);

int progress_store(struct progress_file *f, const struct progress *p);

#endif
