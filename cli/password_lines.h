/* SPDX-License-Identifier: MIT */
/*
 * The text of a password file, for who changes it: USER:HASH a line, with comments and empty
 * lines, which stay as they are.
 */
#ifndef CLI_PASSWORD_LINES_H
#define CLI_PASSWORD_LINES_H

#include "common/password.h"
#include "common/settings.h"

/*
 * May there be a user of this name? False with a sentence in *problem: a file cannot hold it, or
 * no client can send it.
 */
bool password_user_valid(struct span user, struct str *problem);

/*
 * Append `text` to *into with the line of `user` replaced by USER:`hash`, or that added at the
 * end; with an empty `hash` the line is left out. Returns whether the user was there.
 */
bool password_lines_set(struct span text, struct span user, struct span hash, struct str *into);

/*
 * Append `text` to *into with every password hashed that is not yet. `name` stands for the file
 * in errors: all of them are in *report, and *into is of no use when there were any.
 */
void password_lines_hash(struct span text, const char *name, enum password_scheme scheme,
		uint32_t cost, struct settings_report *report, struct str *into);

#endif
