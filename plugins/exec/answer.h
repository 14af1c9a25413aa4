/* SPDX-License-Identifier: MIT */
/*
 * What a program answers to a line it was given: one line, in the order of those it got.
 *
 *     OK                  it has the record
 *     RETRY [REASON]      not now
 *     REJECT [REASON]     never
 */
#ifndef PLUGINS_EXEC_ANSWER_H
#define PLUGINS_EXEC_ANSWER_H

#include "common/span.h"
#include "plugins/relay.h"

enum { ANSWER_BYTES = 4096 }; /* of a line */

/* `line` is without its newline. False when it is none of these. *ret_reason points into it. */
bool answer_parse(struct span line, enum relay_verdict *ret, struct span *ret_reason);

#endif
