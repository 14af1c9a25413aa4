/* SPDX-License-Identifier: MIT */
/*
 * A secret in a file of its own: its first line.
 */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include "common/base.h"

/*
 * The first line without blanks at its ends; the caller wipes and frees it. NULL: *ret_problem is
 * what is wrong, for the end of an error that names the file. One that everyone may read is
 * refused.
 */
char *secret_read(const char *path, const char **ret_problem);

/* Wipe and free. Accepts NULL. */
void secret_free(char *secret);

#endif
