/* SPDX-License-Identifier: MIT */
/*
 * The answer to a _bulk request:
 *
 *     {"errors":true,"items":[{"create":{"status":201}},
 *                             {"create":{"status":400,"error":{"type":"...","reason":"..."}}}]}
 */
#ifndef PLUGINS_HTTP_BULK_ANSWER_H
#define PLUGINS_HTTP_BULK_ANSWER_H

#include "common/span.h"

struct bulk_item {
	unsigned status;	   /* as of HTTP */
	const char *type, *reason; /* of its error, never NULL; valid during the call */
};

enum bulk_reading {
	BULK_ALL_WELL, /* "errors" is false; `take` was not called */
	BULK_ITEMS,    /* `take` was called for each item */
	BULK_COUNT,    /* there are not `count` items; it was not called */
	BULK_FOREIGN,  /* that is no such answer; it was not called */
};

/* Takes what is true of all items before it calls `take` for the first of them. */
enum bulk_reading bulk_answer_read(struct span body, size_t count,
		void (*take)(void *owner, size_t number, const struct bulk_item *item),
		void *owner);

#endif
