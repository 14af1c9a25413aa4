/* SPDX-License-Identifier: MIT */
/*
 * The users of a password_file, one a line:
 *
 *     # comment
 *     USER:HASH
 *
 * HASH is any form of common/password.h. Blanks around both are no part of them, as in Mosquitto.
 * A line that is wrong in any way is an error and never a user (CVE-2018-12551); so is a password
 * that is not hashed, and a user that is there twice.
 *
 * Never changed once it is parsed; policies share it by reference count.
 */
#ifndef BROKER_CORE_PASSWORD_FILE_H
#define BROKER_CORE_PASSWORD_FILE_H

#include "common/password.h"
#include "common/settings.h"

struct password_file;

/*
 * The users in `text`, with one reference for the caller. `name` stands for the file in errors,
 * `seed` keys the table. On errors NULL: all of them are in *report, none with any part of a
 * password or hash.
 */
struct password_file *password_file_parse(
		struct span text, const char *name, uint64_t seed, struct settings_report *report);

struct password_file *password_file_ref(struct password_file *f);
/* Accepts NULL. */
void password_file_unref(struct password_file *f);

size_t password_file_count(const struct password_file *f);

/* The user's hash, or NULL. Valid as long as the file. */
const struct password_hash *password_file_find(const struct password_file *f, struct span user);

/*
 * What to verify the password of an unknown user against, so that it takes as long as that of a
 * known one: the hash of some user, always the same for the same name. Whether it fits means
 * nothing. NULL when there are no users at all.
 */
const struct password_hash *password_file_decoy(const struct password_file *f, struct span user);

/*
 * Does who has logged in as `user` under `before` still have a right to under `now`? True when the
 * user is in both with the same hash. Either may be NULL: no file.
 */
bool password_file_still_holds(const struct password_file *before, const struct password_file *now,
		struct span user);

#endif
