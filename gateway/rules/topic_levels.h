/* SPDX-License-Identifier: MIT */
/*
 * Levels of a topic, as a template names them: counted from 0, percent-decoded each, several joined
 * with `/`. A level that is not there is empty.
 *
 *     [2]     the third         [2..4]     the third to the fifth         [2..]     all from there
 */
#ifndef GATEWAY_RULES_TOPIC_LEVELS_H
#define GATEWAY_RULES_TOPIC_LEVELS_H

#include "common/str.h"

struct topic_levels {
	size_t first, last;
};

/* Read them with their brackets. */
bool topic_levels_parse(struct span text, struct topic_levels *ret);

/*
 * Append them. False when a percent sign in one of them is not an escape; that one is appended as
 * it is.
 */
bool topic_levels_append(const struct topic_levels *levels, struct span topic, struct str *into);

#endif
