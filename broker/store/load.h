/* SPDX-License-Identifier: MIT */
/*
 * From the records on disk to a shard in memory (broker/core/restore.h), each table once and in the
 * order of its keys.
 */
#ifndef BROKER_STORE_LOAD_H
#define BROKER_STORE_LOAD_H

#include "broker/store/environment.h"
#include "broker/store/store.h"

/*
 * As store_load(). *lost becomes a log (common/store_log.h) of the removals of all records that
 * are damaged or refer to what is not there.
 */
int load_shard(struct environment *e, struct shard *shard, const struct store_policies *policies,
		struct instant now, struct wall_time wall, struct store_summary *ret,
		struct str *lost);

#endif
