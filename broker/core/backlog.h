/* SPDX-License-Identifier: MIT */
/*
 * Who reads too slowly: the sessions for which the most bytes wait, in their queue, in flight, or
 * in the output of their connection.
 */
#ifndef BROKER_CORE_BACKLOG_H
#define BROKER_CORE_BACKLOG_H

#include "broker/core/shard.h"

enum { BACKLOG_MOST = 5, BACKLOG_ID = 256 };

struct backlog {
	struct {
		const struct session *session; /* borrowed */
		size_t bytes;
	} worst[BACKLOG_MOST]; /* the longest first */
	size_t count;
};

/* Visits every session. Valid until a session ends. */
void backlog_take(const struct shard *shard, struct backlog *ret);

/*
 * As a JSON array: [{"client":"pump-7","connected":true,"messages":120,"bytes":48213}, ...], where
 * messages are those queued and in flight. Of an identifier the first BACKLOG_ID bytes are told:
 * strangers choose them. Empty when nobody has anything to wait for.
 */
void backlog_format(const struct backlog *b, struct str *into);

#endif
