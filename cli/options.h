/* SPDX-License-Identifier: MIT */
/*
 * The options of a verb, from a settings table: a row "ttl" is `--ttl VALUE` or `--ttl=VALUE`,
 * a SETTING_BOOL takes no value. Parsing, bounds and defaults are those of the settings.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/verbs.h"

/* A flag of a SETTING_TEXT row whose minimum is 0: `--name` alone means the empty text. */
enum { OPTION_MAY_BE_EMPTY = 1 << 16 };

enum options_outcome {
	OPTIONS_READ,
	OPTIONS_HELP,  /* --help: the help was printed */
	OPTIONS_WRONG, /* the error was printed */
};

/*
 * Fill `target` from the command line; it is zeroed memory, and the caller gives back what it
 * owns with settings_finish() whatever the outcome. *ret_command is the index behind `--`, or
 * argc when there is none: words without dashes in front of it are errors.
 */
enum options_outcome options_read(
		const struct verb *verb, void *target, int argc, char **argv, int *ret_command);

/*
 * The same for a verb that takes words as well, before, between and behind its options; behind
 * `--` everything is one. `words` has room for argc; *ret_count says how many there are.
 */
enum options_outcome options_read_words(const struct verb *verb, void *target, int argc,
		char **argv, char **words, int *ret_count);

/* "belfry VERB: ...", on stderr, with the way to the help behind it. Returns EXIT_USAGE. */
int options_complain(const struct verb *verb, const char *format, ...) PRINTF_LIKE(2, 3);

/* The table as part of a help text. */
void options_print(const struct setting *table, FILE *out);

#endif
