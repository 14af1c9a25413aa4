/* SPDX-License-Identifier: MIT */
/*
 * The answers of a Redis server, taken out of the bytes that it sends: hiredis' reader, with
 * limits. Whoever answers there decides neither how much memory it takes nor how long it takes to
 * look for the end of a line.
 */
#ifndef PLUGINS_REDIS_REPLIES_H
#define PLUGINS_REDIS_REPLIES_H

#include <hiredis/hiredis.h>

#include "common/span.h"

enum {
	REPLIES_MOST_BYTES = 64 << 10, /* of one answer, unless a longer one is asked for */
	REPLIES_MOST_ELEMENTS = 1024,  /* of all arrays of one answer: none has as many */
};

enum replies_next { REPLIES_MORE, REPLIES_ONE, REPLIES_BROKEN };

struct replies;

struct replies *replies_create(void);
void replies_destroy(struct replies *r); /* accepts NULL */

/* Answers may be so long from now on. */
void replies_allow(struct replies *r, size_t bytes);

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
