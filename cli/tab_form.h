/* SPDX-License-Identifier: MIT */
/*
 * The input of send_nsca: one result a line,
 *
 *     host <tab> service <tab> state <tab> output         a service
 *     host <tab> state <tab> output                       the host itself
 *
 * When there is an ETB (0x17) anywhere in the input, that separates the records instead, and an
 * output may then have several lines. `\n` and `\\` in an output mean a newline and a backslash,
 * as they do to Nagios when send_nsca has sent them.
 */
#ifndef CLI_TAB_FORM_H
#define CLI_TAB_FORM_H

#include "common/str.h"

/* Zero it and point `rest` at the whole input. */
struct tab_reader {
	struct span rest;
	char separator;	 /* '\n' or ETB; found by the first tab_next() */
	unsigned number; /* of the record returned last: its line, or its place among ETBs */
};

/* The next record that is not blank; false at the end. */
bool tab_next(struct tab_reader *r, struct span *ret_record);

struct tab_record {
	struct span host, service, state;
	struct span output; /* still escaped */
};

/* False with a sentence in *ret_problem when a field is missing. */
bool tab_split(struct span record, struct tab_record *ret, const char **ret_problem);

/* Append an output without its escapes. */
void tab_unescape(struct span output, struct str *into);

#endif
