/* SPDX-License-Identifier: MIT */
/*
 * Patterns as of a shell, without its sets: `*` is any text, `?` one character, everything else
 * itself. They match whole texts, upper and lower case differ.
 */
#ifndef COMMON_GLOB_H
#define COMMON_GLOB_H

#include "common/span.h"

/* Takes at most pattern.len * text.len steps, whatever is in them. */
bool glob_matches(struct span pattern, struct span text);

#endif
