/* SPDX-License-Identifier: MIT */
/*
 * What `belfry watch` makes of a message: a line for people, or a JSON object. A result is read
 * with the gateway's names of keys; whether the gateway takes it is the gateway's to say, on
 * belfry/reject/...
 */
#ifndef CLI_WATCH_LINE_H
#define CLI_WATCH_LINE_H

#include "common/clock.h"
#include "common/str.h"

#define REJECT_PREFIX "belfry/reject/"

/*
 * Append a line for each result of the message, or one for a message that is none; each ends with
 * a newline and has no other control character. Returns how many.
 */
size_t watch_line_append(struct str *into, struct span topic, struct span payload,
		struct wall_time now, bool colours);

/* The same, an object each. */
size_t watch_json_append(
		struct str *into, struct span topic, struct span payload, struct wall_time now);

#endif
