/* SPDX-License-Identifier: MIT */
/*
 * Carry a script out.
 */
#ifndef TESTS_CONVERSATIONS_RUN_H
#define TESTS_CONVERSATIONS_RUN_H

#include "tests/conversations/peer.h"

/* False with "file:line: expected ... got ..." in *problem. */
bool script_run(const struct script *s, struct carrier *c, struct str *problem);

#endif
