/* SPDX-License-Identifier: MIT */
/*
 * The files that settings are read from. Used by settings.c, and for the other files of a
 * configuration (passwords, rights).
 */
#ifndef COMMON_SETTINGS_FILE_H
#define COMMON_SETTINGS_FILE_H

#include "common/settings.h"

/* Append what the file holds, at most 16 MiB. Returns 0 or -errno; -EFBIG when there is more. */
int settings_read_file(const char *path, struct str *into);

/*
 * The paths of the files "*.conf" in a folder, in the order of their names: without regard to
 * case, an upper case letter before its lower one. Returns 0 or -errno.
 */
int settings_list_folder(struct span folder, struct text_list *ret_paths);

#endif
