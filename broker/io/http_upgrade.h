/* SPDX-License-Identifier: MIT */
/*
 * The HTTP request that a WebSocket starts with, and the answer to it (RFC 6455 4.2).
 *
 * The request is read as it comes; only the headers that decide are kept, so a stranger who never
 * finishes costs no more than http_upgrade_rules.max_size bytes. Pure: bytes in, bytes out.
 */
#ifndef BROKER_IO_HTTP_UPGRADE_H
#define BROKER_IO_HTTP_UPGRADE_H

#include "common/settings.h"
#include "common/str.h"

enum { HTTP_UPGRADE_SIZE = 4096 }; /* default of max_size */

/*
 * What a listener asks of a request. Never changed; listeners and requests hold references, for
 * a request may outlive its listener.
 */
struct http_upgrade_rules {
	unsigned refs;
	struct text_list origins; /* whose pages may connect, word for word; empty: all */
	size_t max_size;	  /* of the whole request */
};

/* With a reference for the caller. `origins` is copied. */
struct http_upgrade_rules *http_upgrade_rules_create(
		const struct text_list *origins, size_t max_size);

static inline struct http_upgrade_rules *http_upgrade_rules_ref(struct http_upgrade_rules *rules)
{
	rules->refs++;
	return rules;
}

/* Accepts NULL. */
void http_upgrade_rules_unref(struct http_upgrade_rules *rules);

enum http_upgrade_result { HTTP_UPGRADE_INCOMPLETE, HTTP_UPGRADE_ACCEPTED, HTTP_UPGRADE_REFUSED };

struct http_upgrade;

/* Takes a reference of its own. */
struct http_upgrade *http_upgrade_create(struct http_upgrade_rules *rules);

/* Accepts NULL. */
void http_upgrade_destroy(struct http_upgrade *u);

/*
 * The next bytes of the request. Accepted or refused: *ret_used of them belonged to it, `answer`
 * has the response appended, and nothing more may be fed.
 */
enum http_upgrade_result http_upgrade_feed(
		struct http_upgrade *u, struct span input, size_t *ret_used, struct str *answer);

/* Why it was refused, for the log; static. NULL: it was not. */
const char *http_upgrade_refusal(const struct http_upgrade *u);

#endif
