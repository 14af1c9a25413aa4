/* SPDX-License-Identifier: MIT */
/*
 * A JSON text as a tree of cJSON, behind the strict scan: no NUL inside a string, so that strlen()
 * of a value is its length, and numbers as they were written.
 */
#ifndef GATEWAY_RESULT_JSON_DOCUMENT_H
#define GATEWAY_RESULT_JSON_DOCUMENT_H

#include "gateway/result/json_scan.h"

#include <cjson/cJSON.h>

/*
 * REJECT_NONE with the tree in *ret, which the caller deletes. `text` has to outlive it, and so
 * has the scan; both as json_scan() wants them. Else the reason, in words in `detail`.
 */
enum reject json_document_parse(
		struct json_scan *scan, struct span text, struct str *detail, cJSON **ret);

/*
 * Reads one payload after the other, with scratch memory that is kept from one to the next. What it
 * holds is of the last one, and the tree too: spans may point into it until the next.
 */
struct json_reader {
	struct json_scan scan;
	struct str detail; /* why a payload was refused */
	cJSON *root;	   /* NULL: the payload is no JSON, or was not parsed */
};

struct json_reader *json_reader_create(void);
void json_reader_destroy(struct json_reader *r);

/* Forget the payload before; what is the text of this one? As payload_text(). */
enum reject json_reader_text(struct json_reader *r, struct span payload, struct span *ret);

/* Then, of a text that is to be JSON: as json_document_parse(), with the tree in `root`. */
enum reject json_reader_parse(struct json_reader *r, struct span text);

/* The text of a number as it was written. */
struct span json_number_text(const struct json_scan *scan, const cJSON *number);

/* The text of a string or a number; false for anything else. */
bool json_value_text(const struct json_scan *scan, const cJSON *value, struct span *ret);

/* A number of whole seconds: digits, and behind a point only zeros: 300.0 is a whole number too. */
bool json_seconds(struct span text, int64_t *ret);

#endif
