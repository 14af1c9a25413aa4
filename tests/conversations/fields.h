/* SPDX-License-Identifier: MIT */
/*
 * A packet as people write it: a type and a list of named values.
 *
 *     PUBLISH qos=1 id=7 topic="x/1" "payload" retain
 *
 * Scripts are read into this form, packets that the broker sent are described in it, and a test
 * is the comparison of the two. It knows words, not bytes.
 *
 *   name=value      bare, or "quoted" with \n \r \t \" \\ \xNN; "ab"*3 is "ababab"
 *   name            the same as name=yes
 *   7               the same as id=7
 *   v3.1 v3.1.1 v5  the version
 *   "text"          the payload of PUBLISH, a filter of SUBSCRIBE and UNSUBSCRIBE
 *   # ...           a comment, to the end of the line
 *
 * Bare numbers are kept in decimal, so that 0x0a and 10 are equal.
 */
#ifndef TESTS_CONVERSATIONS_FIELDS_H
#define TESTS_CONVERSATIONS_FIELDS_H

#include "common/str.h"

struct field {
	char name[48];
	struct str value;
	bool is_quoted; /* the value stands for itself: no variable, no alternative */
	bool is_used;	/* the builder has taken it, the matcher has found it */
};

struct fields {
	char type[16];
	struct field *all;
	size_t count, capacity;
};

void fields_finish(struct fields *f);

/* Read a line into the empty *ret. False with a sentence in *problem; *ret is finished anyway. */
bool fields_parse(const char *line, struct fields *ret, struct str *problem);

/* Append a field; `name` is cut to fit. */
struct field *fields_add(struct fields *f, const char *name, struct span value);
void fields_add_number(struct fields *f, const char *name, uint32_t number);
void fields_add_flag(struct fields *f, const char *name, bool value);

/* The first field of that name, marked as used; NULL when there is none. */
struct field *fields_take(struct fields *f, const char *name);

/* The value of the first field of that name; what is absent or no number yields `absent`. */
uint32_t fields_number(struct fields *f, const char *name, uint32_t absent);
bool fields_flag(struct fields *f, const char *name, bool absent);
struct span fields_text(struct fields *f, const char *name, const char *absent);

bool field_number(const struct field *f, uint32_t *ret);

/* For people; a long value is cut. */
void fields_print(const struct fields *f, struct str *into);

#endif
