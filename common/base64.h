/* SPDX-License-Identifier: MIT */
/*
 * Base64 with the standard alphabet (RFC 4648 section 4).
 */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include "common/str.h"

/* Append `bytes`; `padded` with `=` to a multiple of four characters. */
void base64_encode(struct span bytes, bool padded, struct str *into);

/*
 * At most `size` bytes into `at`, their number in *ret_len. Padding may be there or not, but if
 * it is, it is whole. False for any other character, for bits that stand for no byte (so that two
 * texts never mean the same bytes), and when it does not fit.
 */
bool base64_decode(struct span text, uint8_t *at, size_t size, size_t *ret_len);

#endif
