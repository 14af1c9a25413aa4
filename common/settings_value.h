/* SPDX-License-Identifier: MIT */
/*
 * The value half of settings: text to field and back. Used by settings.c, settings_help.c
 * and settings_doc.c.
 */
#ifndef COMMON_SETTINGS_VALUE_H
#define COMMON_SETTINGS_VALUE_H

#include "common/settings.h"

/*
 * Parse `value` into the field of `target` (NULL: only check it). On failure the sentence why,
 * with what would be accepted, is appended to *problem, and the field keeps its value.
 */
bool setting_parse(const struct setting *setting, void *target, struct span value,
		struct str *problem);

/* Is the keyword known and not carried out? Defined in settings_help.c. */
bool settings_is_refused(const struct settings_grammar *grammar, const char *keyword);

/* What the setting accepts, for people: "true or false", "a number from 1 to 65535". */
void setting_describe(const struct setting *setting, struct str *into);

#endif
