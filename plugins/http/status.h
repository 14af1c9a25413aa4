/* SPDX-License-Identifier: MIT */
/*
 * What an HTTP status means for records (RFC 9110 section 15), where a server keeps to the usual
 * sense of it:
 *
 *     2xx                        they have arrived
 *     408 425 429, 5xx           not now: after Retry-After, or the host's own growing wait
 *     3xx, 401 403 404 405 ...   the url or the credentials are wrong: not until somebody has
 *                                mended that, so it is tried now and then
 *     other 4xx                  never; the host finds out which record is to blame
 */
#ifndef PLUGINS_HTTP_STATUS_H
#define PLUGINS_HTTP_STATUS_H

#include "plugins/http/request.h"

/* Between attempts while somebody has to mend something. */
enum { HTTP_MENDING_MS = 10000 };

/* With outcome->reason, and retry_after_ms where it is known. */
enum relay_verdict http_judge_status(
		const struct http_answer *answer, struct relay_outcome *outcome);

/*
 * What the server says for itself, on one line and not long: the sentence in a JSON answer, where
 * these servers put it, or the first line of another one. Appends nothing where there is none.
 */
void http_append_words(struct str *into, const struct http_answer *answer);

/* "STATUS: words" or "STATUS", and behind it "; remedy" unless that is NULL. */
void http_set_reason(
		char reason[RELAY_REASON], unsigned status, struct span words, const char *remedy);

/* An answer that the servers of this format never give: somebody else listens there. */
enum relay_verdict http_judge_stranger(const struct http_answer *answer, const char *expected,
		struct relay_outcome *outcome);

#endif
