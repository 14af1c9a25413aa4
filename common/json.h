/* SPDX-License-Identifier: MIT */
/*
 * JSON that belfry writes. Reading is cJSON's.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/clock.h"
#include "common/str.h"

/*
 * Append `text` as a JSON string, quotes included. It may hold any bytes: what is not UTF-8, and
 * NUL, becomes U+FFFD; every control character, C1 too, is escaped.
 */
void json_append_string(struct str *into, struct span text);

/*
 * How many bytes at the front of the text stand for themselves inside a string: printable ASCII
 * but for quotes and backslashes.
 */
size_t json_plain_run(struct span text);

/* The same without the quotes: for the inside of a string. */
void json_append_escaped(struct str *into, struct span text);

/*
 * Append JSON that somebody else's printer has made, on one line: as above, control characters are
 * escaped, and what is not UTF-8 becomes U+FFFD.
 */
void json_append_printed(struct str *into, struct span json);

/* A comma, the key, and the text as a string: a further member of an object. */
void json_append_member(struct str *into, const char *key, struct span text);

/* The same with a time, "2026-11-23T04:05:06.789Z". */
void json_append_time(struct str *into, const char *key, struct wall_time time);

/* Is the text a number as JSON wants it: digits, perhaps a point with digits on both sides? */
bool json_is_number(struct span text);

#endif
