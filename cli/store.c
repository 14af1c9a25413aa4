/* SPDX-License-Identifier: MIT */
/*
 * belfry store: the broker's store, when something is wrong with it, or before anything is.
 */
#include "cli/store.h"

#include <errno.h>

#include "cli/options.h"

static int store_run(int argc, char **argv);

const struct verb store_verb = {
	.name = "store",
	.summary = "check, repair, shrink and copy what a broker keeps on disk",
	.usage = "check FOLDER\n"
		 "dump FOLDER\n"
		 "repair FOLDER\n"
		 "compact FOLDER\n"
		 "backup FOLDER DEST",
	.about = "FOLDER is the store, or the broker's persistence_location when there is one "
		 "store\n"
		 "in it.\n"
		 "\n"
		 "  check    looks at all of it, and says what there is and what is wrong.\n"
		 "  dump     prints every record, one JSON object a line.\n"
		 "  repair   puts what can be read of it in its place. The old one is kept beside\n"
		 "           it as FOLDER.damaged-TIME.\n"
		 "  compact  writes it anew, so that its file is no larger than it has to be.\n"
		 "  backup   copies it into the new folder DEST, from which a broker can start. "
		 "The\n"
		 "           broker may be running: the copy is what it had committed at one "
		 "moment.\n"
		 "\n"
		 "All but backup want the broker to be stopped. Root does all this as the user "
		 "who\n"
		 "owns the store.\n",
	.run = store_run,
};

static int run_check(struct store_target *f, const char *to)
{
	(void)to;
	return store_check(f->path);
}

static int run_dump(struct store_target *f, const char *to)
{
	(void)to;
	return store_dump(f->path);
}

static int run_repair(struct store_target *f, const char *to)
{
	(void)to;
	return store_repair(f->path);
}

static int run_compact(struct store_target *f, const char *to)
{
	(void)to;
	return store_compact(f->path);
}

static const struct action {
	const char *name;
	enum store_lock lock;
	bool takes_destination;
	int (*run)(struct store_target *f, const char *to);
} actions[] = {
	{ "check", STORE_LOCK_SHARED, false, run_check },
	{ "dump", STORE_LOCK_SHARED, false, run_dump },
	{ "repair", STORE_LOCK_ALONE, false, run_repair },
	{ "compact", STORE_LOCK_ALONE, false, run_compact },
	{ "backup", STORE_LOCK_NONE, true, store_backup },
};

int store_refuse(const char *folder, const char *format, ...)
{
	struct str shown = { 0 };
	va_list args;

	str_append_escaped(&shown, span_of_text(folder));
	fflush(stdout);
	fprintf(stderr, "belfry store: %s: ", str_text(&shown));
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	str_finish(&shown);
	return EXIT_REFUSED;
}

const char *store_error_text(int error)
{
	return error == -EPROTONOSUPPORT ? "it is of a newer version of belfry" : strerror(-error);
}

static const struct action *find_action(const char *word)
{
	struct str shown = { 0 };

	if (word == NULL) {
		options_complain(&store_verb, "check, dump, repair, compact or backup is wanted");
		return NULL;
	}
	for (size_t i = 0; i < array_size(actions); i++) {
		if (strcmp(actions[i].name, word) == 0)
			return &actions[i];
	}
	str_append_escaped(&shown, span_of_text(word));
	options_complain(&store_verb, "'%s': take check, dump, repair, compact or backup",
			str_text(&shown));
	str_finish(&shown);
	return NULL;
}

static int run_action(const struct action *action, const char *path, const char *to)
{
	struct store_target f;
	struct str problem = { 0 };
	int result;

	if (store_target_open(&f, path, action->lock, &problem))
		result = action->run(&f, to);
	else
		result = store_refuse(f.path, "%s", str_text(&problem));
	store_target_close(&f);
	str_finish(&problem);
	return result;
}

static int run_words(int count, char **words)
{
	const struct action *action = find_action(count > 0 ? words[0] : NULL);

	if (action == NULL)
		return EXIT_USAGE;
	if (action->takes_destination && count != 3)
		return options_complain(&store_verb, "%s takes FOLDER and DEST", action->name);
	if (!action->takes_destination && count != 2)
		return options_complain(&store_verb, "%s takes FOLDER", action->name);
	return run_action(action, words[1], action->takes_destination ? words[2] : NULL);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int store_run(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (is_help(argv[i])) {
			verb_print_help(&store_verb, stdout);
			return EXIT_DONE;
		}
		if (argv[i][0] == '-')
			return options_complain(&store_verb, "'%s': unknown option", argv[i]);
	}
	return run_words(argc - 1, argv + 1);
}
