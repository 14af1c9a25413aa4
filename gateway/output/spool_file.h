/* SPDX-License-Identifier: MIT */
/*
 * One file of a core's check_result_path: its name, what is in it before the records, and how it
 * is found again by the next run.
 *
 *     # belfry-gateway nagios-00001234-5-9        whose it is, and which records; the core skips it
 *     file_time=1795384096                        always ten digits, so that it can be renewed
 *                                                 in place
 *     host_name=...
 */
#ifndef GATEWAY_OUTPUT_SPOOL_FILE_H
#define GATEWAY_OUTPUT_SPOOL_FILE_H

#include "common/clock.h"
#include "gateway/output/batch_file.h"

/* `c` and six characters, which is all that the core looks at; another one for each `number`. */
void spool_file_name(uint64_t number, struct str *into);

/*
 * Write the records under `name`. The core does not take them before spool_file_offer().
 * 0 or -errno; -EEXIST: somebody else has a file of this name.
 */
int spool_file_write(struct batch_folder *f, struct span name, struct span mark,
		struct span records, struct wall_time now);

/* 0 or -errno. */
int spool_file_offer(struct batch_folder *f, struct span name);

/* Its age starts anew. 0, -ENOENT when it is gone, or -errno. */
int spool_file_renew(struct batch_folder *f, struct span name, struct wall_time now);

/* With what offers it. */
void spool_file_remove(struct batch_folder *f, struct span name);

/*
 * Remove the files of this output and journal, but for the one with the mark `keep`, whose name is
 * put into `ret`. True when it is there.
 */
bool spool_folder_sweep(struct batch_folder *f, struct span keep, struct str *ret);

#endif
