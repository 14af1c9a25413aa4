/* SPDX-License-Identifier: MIT */
/*
 * Secrets in files of their own.
 */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include "common/str.h"

/*
 * Append the whole file. False: *ret_problem is what is wrong, for the end of an error that names
 * the file. One that everyone may read is refused. secret_finish() wipes and frees.
 */
bool secret_read_file(const char *path, struct str *into, const char **ret_problem);
void secret_finish(struct str *text);

/*
 * The first line without blanks at its ends; the caller wipes and frees it. NULL: as above.
 */
char *secret_read(const char *path, const char **ret_problem);

/*
 * Mix into *digest what the file holds, or when the folder has last changed, so that a reload
 * notices that it is another one. Without a path nothing happens.
 */
void secret_digest(const char *path, uint64_t *digest);

/* Wipe and free. Accepts NULL. */
void secret_free(char *secret);

#endif
