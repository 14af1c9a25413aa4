/* SPDX-License-Identifier: MIT */
/*
 * A strict look at JSON text before cJSON sees it.
 *
 * cJSON accepts numbers such as 007, raw control characters, duplicate keys, NUL inside strings
 * (and cuts there), half surrogates, and a thousand levels. Two programs that read such a text
 * differently are an attack, so the scan accepts exactly RFC 8259 and no key twice in one object,
 * and stops at the limits of decode.h.
 *
 * It also remembers the text of each number in the order of the document, because cJSON keeps a
 * double only: nanoseconds since 1970 do not fit into one.
 */
#ifndef GATEWAY_RESULT_JSON_SCAN_H
#define GATEWAY_RESULT_JSON_SCAN_H

#include "common/str.h"
#include "gateway/result/decode.h"

struct json_scan_key {
	uint32_t hash;	  /* of the key with its escapes resolved */
	struct span text; /* as written */
};

/* Zeroed memory but for the seed is the start; kept from one text to the next. */
struct json_scan {
	uint64_t seed;

	struct span *numbers; /* borrowed from the text scanned last */
	size_t number_count;
	size_t number_capacity;

	const char *problem; /* what is wrong; static text */
	size_t offset;	     /* where, in bytes from the start of the text */

	struct span text;
	size_t at;
	unsigned depth;
	struct str unescaped;
	size_t key_count; /* keys of all objects that are open */
	struct json_scan_key keys[MAX_JSON_DEPTH * MAX_OBJECT_KEYS];
};

void json_scan_finish(struct json_scan *s);

/*
 * REJECT_NONE, or why the text is refused with `problem` and `offset` set. The text is at most
 * MAX_PAYLOAD_BYTES of valid UTF-8 without NUL bytes: decode() has looked.
 */
enum reject json_scan(struct json_scan *s, struct span text);

#endif
