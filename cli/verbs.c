/* SPDX-License-Identifier: MIT */
#include "cli/verbs.h"

#include "cli/options.h"
#include "common/nearest.h"

static int help_run(int argc, char **argv);

static const struct verb help_verb = {
	.name = "help",
	.summary = "this list, or what there is to know about one verb",
	.usage = "[VERB]",
	.run = help_run,
};

static const struct verb *const verbs[] = { &demo_verb, &submit_verb, &watch_verb, &status_verb,
	&check_verb, &why_verb, &replay_verb, &hosts_verb, &passwd_verb, &cert_verb, &store_verb,
	&help_verb };

const struct verb *verb_find(const char *name, const char **ret_nearest)
{
	struct nearest nearest = { 0 };

	for (size_t i = 0; i < array_size(verbs); i++) {
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
		nearest_offer(&nearest, span_of_text(name), verbs[i]->name);
	}
	*ret_nearest = nearest.best;
	return NULL;
}

static void print_verbs(FILE *out)
{
	fputs("usage: belfry VERB [OPTION...]\n\n", out);
	for (size_t i = 0; i < array_size(verbs); i++)
		fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\n"
	      "belfry help VERB tells more. belfry --version prints the version.\n"
	      "\n"
	      "Exit codes: 0 done; 1 something was refused or invalid; 2 wrong usage;\n"
	      "3 the broker cannot be reached or did not answer in time. check is a plugin of\n"
	      "Nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n",
			out);
}

/* "belfry: 'submti': unknown verb; did you mean submit?" */
static const struct verb *find_or_complain(const char *name)
{
	const char *nearest = NULL;
	const struct verb *verb = verb_find(name, &nearest);
	struct str shown = { 0 };

	if (verb != NULL)
		return verb;
	str_append_escaped(&shown, span_of_text(name));
	if (nearest != NULL)
		fprintf(stderr, "belfry: '%s': unknown verb; did you mean %s?\n", str_text(&shown),
				nearest);
	else
		fprintf(stderr, "belfry: '%s': unknown verb; belfry help lists them\n",
				str_text(&shown));
	str_finish(&shown);
	return NULL;
}

void verb_print_help(const struct verb *verb, FILE *out)
{
	struct span usage = span_of_text(verb->usage);
	const char *title = "usage:";

	while (usage.data != NULL) {
		struct span form = span_cut(&usage, '\n');

		fprintf(out, "%s belfry %s %.*s\n", title, verb->name, SPAN_ARGS(form));
		title = "      ";
	}
	if (verb->about != NULL)
		fprintf(out, "\n%s", verb->about);
	if (verb->options != NULL) {
		fputs("\nOptions:\n", out);
		options_print(verb->options, out);
	}
}

static int help_run(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2) {
		print_verbs(stdout);
		return EXIT_DONE;
	}
	verb = find_or_complain(argv[1]);
	if (verb == NULL)
		return EXIT_USAGE;
	verb_print_help(verb, stdout);
	return EXIT_DONE;
}

int verbs_run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	const struct verb *verb;

	if (word == NULL) {
		print_verbs(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(word, "--version") == 0) {
		puts("belfry " BELFRY_VERSION);
		return EXIT_DONE;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		print_verbs(stdout);
		return EXIT_DONE;
	}
	verb = find_or_complain(word);
	return verb != NULL ? verb->run(argc - 1, argv + 1) : EXIT_USAGE;
}
