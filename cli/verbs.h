/* SPDX-License-Identifier: MIT */
/*
 * The operator's tool is a table of verbs: `belfry VERB ...`. A verb is one file, and one row of
 * the table in verbs.c.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "common/settings.h"

/* What `belfry` exits with; every verb keeps to it but check, which answers as Nagios wants it. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,     /* something was refused, invalid or did not happen */
	EXIT_USAGE = 2,	      /* the command line is wrong; nothing was done */
	EXIT_UNREACHABLE = 3, /* the broker cannot be reached, or did not answer in time */
	EXIT_UNCONFIRMED = 4, /* the broker has it; who was to confirm it did not in time */
};

struct verb {
	const char *name;
	const char *summary;	       /* one line of `belfry help` */
	const char *usage;	       /* what follows `belfry VERB`, one form a line */
	const char *about;	       /* paragraphs of `belfry help VERB`, before the options */
	const struct setting *options; /* NULL: none */
	/* argv[0] is the verb. Returns an exit_code. */
	int (*run)(int argc, char **argv);
};

extern const struct verb cert_verb;
extern const struct verb check_verb;
extern const struct verb demo_verb;
extern const struct verb hosts_verb;
extern const struct verb passwd_verb;
extern const struct verb replay_verb;
extern const struct verb status_verb;
extern const struct verb store_verb;
extern const struct verb submit_verb;
extern const struct verb watch_verb;
extern const struct verb why_verb;

/* Run the program. Returns what it exits with. */
int verbs_run(int argc, char **argv);

/* The text of `belfry help VERB`. */
void verb_print_help(const struct verb *verb, FILE *out);

/* NULL when there is none; *ret_nearest is then what was perhaps meant, or NULL. */
const struct verb *verb_find(const char *name, const char **ret_nearest);

#endif
