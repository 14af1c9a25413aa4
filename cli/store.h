/* SPDX-License-Identifier: MIT */
/*
 * What `belfry store` does with the folder of a store. It was found, and unless it is a backup no
 * broker has it and none can begin. All return an exit_code and have said why.
 */
#ifndef CLI_STORE_H
#define CLI_STORE_H

#include "cli/store_target.h"
#include "cli/verbs.h"

/* Print what there is and what is wrong. */
int store_check(const char *folder);

/* Print every record, one JSON object a line. */
int store_dump(const char *folder);

/* Put what can be read of it in its place; the old one is kept beside it. */
int store_repair(const char *folder);

/* Write it anew without pages that are free. */
int store_compact(const char *folder);

/* A copy that a broker can start with, in the folder `to`, which is new or empty. */
int store_backup(struct store_target *f, const char *to);

/* Is nothing wrong with it? With a sentence in *problem, the first that was found, if not. */
bool store_is_whole(const char *folder, struct str *problem);

/* "belfry store: FOLDER: ...", on stderr. Returns EXIT_REFUSED. */
int store_refuse(const char *folder, const char *format, ...) PRINTF_LIKE(2, 3);

/* What a -errno says of a store. */
const char *store_error_text(int error);

#endif
