/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 as RFC 3629 defines it: no overlong form, no surrogate, nothing above U+10FFFF.
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include "common/span.h"

/* U+FFFD, what takes the place of a byte that is not UTF-8. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/*
 * Decode the first character of `s`: returns its length in bytes (1 to 4) and stores the code
 * point, or returns 0 when `s` is empty or does not start with a well-formed character.
 */
size_t utf8_decode(struct span s, uint32_t *ret_code);

/* Write `code` (at most 0x10ffff) as UTF-8; returns the 1 to 4 bytes used. */
size_t utf8_encode(uint32_t code, uint8_t at[4]);

bool utf8_valid(struct span s);

/* The first `most` bytes of the text, less if that would part a character. */
struct span utf8_first(struct span text, size_t most);

/*
 * A string that MQTT accepts: well-formed, without U+0000 [v3 MQTT-1.5.3-1, 1.5.3-2;
 * v5 MQTT-1.5.4-1, 1.5.4-2], and, as both versions allow a receiver to demand and Mosquitto
 * does, without control characters and non-characters.
 */
bool utf8_valid_mqtt(struct span s);

#endif
