/* SPDX-License-Identifier: MIT */
/*
 * JSON that belfry writes. Reading is cJSON's.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/str.h"

/*
 * Append `text` as a JSON string, quotes included. It may hold any bytes: what is not UTF-8, and
 * NUL, becomes U+FFFD; every control character, C1 too, is escaped.
 */
void json_append_string(struct str *into, struct span text);

/*
 * Append JSON that somebody else's printer has made, on one line: as above, control characters are
 * escaped, and what is not UTF-8 becomes U+FFFD.
 */
void json_append_printed(struct str *into, struct span json);

/* Is the text a number as JSON wants it: digits, perhaps a point with digits on both sides? */
bool json_is_number(struct span text);

#endif
