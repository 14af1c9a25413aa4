/* SPDX-License-Identifier: MIT */
/*
 * The answers of a Redis server, taken out of the bytes that it sends: hiredis' reader, with
 * limits.
 */
#ifndef PLUGINS_REDIS_REPLIES_H
#define PLUGINS_REDIS_REPLIES_H

#include <hiredis/hiredis.h>

#include "common/span.h"

enum {
	REPLIES_MOST_BYTES = 513 << 20, /* of one answer: a string may have 512 MiB */
	REPLIES_MOST_ELEMENTS = 256,	/* of one array: no answer that is asked for has as many */
};

enum replies_next { REPLIES_MORE, REPLIES_ONE, REPLIES_BROKEN };

struct replies;

struct replies *replies_create(void);
void replies_destroy(struct replies *r); /* accepts NULL */

/* Bytes that have come. */
void replies_feed(struct replies *r, struct span bytes);

/*
 * The next answer: REPLIES_ONE, and the caller gives *ret back with freeReplyObject().
 * REPLIES_MORE: it has not come yet. REPLIES_BROKEN: what comes is no answer, and nothing more will
 * be read.
 */
enum replies_next replies_next(struct replies *r, redisReply **ret);

/* What a status, an error or a string says; empty of other answers, and of NULL. */
struct span reply_text(const redisReply *reply);

/* Is it an array of at least so many elements? */
bool reply_is_array(const redisReply *reply, size_t elements);

#endif
