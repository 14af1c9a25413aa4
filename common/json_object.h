/* SPDX-License-Identifier: MIT */
/*
 * Is a text one JSON object that any reader takes?
 *
 * For bytes that a stranger wrote and belfry passes on as they are: a peer that closes the
 * connection over one broken document would hold up all that come behind it. The grammar is RFC
 * 8259 in valid UTF-8, within what common readers allow (Jackson, which Logstash and Elasticsearch
 * read with: 1,000 levels, numbers of 1,000 and keys of 50,000 characters). The same key twice is
 * no fault here: readers take the last one.
 *
 * What a reader makes of the members is not asked here; who has to know is told of each value.
 *
 * Pure; allocates nothing, does not recurse.
 */
#ifndef COMMON_JSON_OBJECT_H
#define COMMON_JSON_OBJECT_H

#include "common/span.h"

enum {
	JSON_OBJECT_LEVELS = 256,
	JSON_OBJECT_NUMBER = 256, /* characters of a number */
	JSON_OBJECT_KEY = 10000,  /* bytes of a key as written */
};

/*
 * NULL: it is one, blanks around it allowed. Otherwise what is wrong, in words without a full stop;
 * static text.
 */
const char *json_object_problem(struct span text);

/* A value within the object: a member of it, an element of an array. */
struct json_value {
	size_t depth;	 /* 1: a member of the object itself */
	struct span key; /* as written between its quotes, with its escapes; NULL: of an element */
	uint8_t first;	 /* what it begins with: { [ " t f n - or a digit */
};

typedef void json_object_told(void *to, const struct json_value *value);

/*
 * The same, and `tell` is called for each value where it begins, in the order of the text. Of a
 * text that is no object it is called for what stands before the fault; the spans are the text's
 * own.
 */
const char *json_object_walk(struct span text, json_object_told *tell, void *to);

#endif
