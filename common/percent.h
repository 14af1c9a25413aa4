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

#endif
