/* SPDX-License-Identifier: MIT */
/*
 * Percent-encoding, by which any name fits into the level of a topic: "%2F" is a slash.
 */
#ifndef COMMON_PERCENT_H
#define COMMON_PERCENT_H

#include "common/span.h"
#include "common/str.h"

/*
 * Append `text` with every escape replaced by its byte. False at a percent sign that begins none;
 * what stood before it was appended.
 */
bool percent_decode(struct span text, struct str *into);

/*
 * Append `bytes` for any part of a URL: all but letters, digits, `-`, `.`, `_` and `~` is encoded
 * (RFC 3986 section 2.3).
 */
void percent_encode(struct span bytes, struct str *into);

#endif
