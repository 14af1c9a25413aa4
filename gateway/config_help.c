/* SPDX-License-Identifier: MIT */
#include "gateway/config_help.h"

#include <stdio.h>

#include "gateway/config_tables.h"
#include "gateway/output/relay.h"

/* --- plugins ------------------------------------------------------------------------------- */

/* One that cannot be loaded is told of with the reason. */
static void print_plugin(const char *folder, const char *name)
{
	struct str problem = { 0 };
	struct plugin *p = plugin_load(folder, span_of_text(name), &problem);

	printf("  %s\n      %s\n", name, p != NULL ? p->relay->help : str_text(&problem));
	plugin_unref(p);
	str_finish(&problem);
}

static void print_plugins(void)
{
	struct str folder = { 0 };
	struct text_list names = { 0 };

	plugin_default_folder(&folder);
	plugin_list(str_text(&folder), &names);
	printf("Plugins, which are further types of outputs, in %s%s\n", str_text(&folder),
			names.count > 0 ? ":" : ": none");
	for (size_t i = 0; i < names.count; i++)
		print_plugin(str_text(&folder), names.texts[i]);
	if (names.count > 0)
		puts("Their settings: belfry-gateway --help=NAME, man belfry-NAME");
	text_list_finish(&names);
	str_finish(&folder);
}

/* --- help and manual ----------------------------------------------------------------------- */

static void print_help(void)
{
	struct config c = { 0 };
	struct config_grammar grammar;

	config_grammar_fill(&grammar, &c);
	puts("usage: belfry-gateway -c FILE [-v] [-d] [--test-config]\n"
	     "\n"
	     "  -c FILE         configuration file\n"
	     "  -v              log everything, as log_type all\n"
	     "  -d              run in the background\n"
	     "  --test-config   say what is wrong with the file, and with those that it names;\n"
	     "                  exit 0 or 3\n"
	     "  --help[=PLUGIN] this text; with a plugin: the settings of its outputs\n"
	     "  --version       the version\n"
	     "  --print-settings=mdoc[:PLUGIN]\n"
	     "                  what the manual says about each keyword, or each one of a "
	     "plugin\n");
	print_plugins();
	puts("\nSettings of the file:\n");
	settings_print_help(stdout, &grammar.settings);
}

static void print_mdoc(void)
{
	struct config c = { 0 };
	struct config_grammar grammar;

	config_grammar_fill(&grammar, &c);
	settings_print_mdoc(stdout, &grammar.settings);
	relay_print_mdoc(stdout);
}

/* What `print` says of the plugin of that name. */
static bool print_of_plugin(const char *name,
		bool (*print)(FILE *out, const char *folder, struct span name, struct str *problem))
{
	struct str folder = { 0 }, problem = { 0 };
	bool ok;

	plugin_default_folder(&folder);
	ok = print(stdout, str_text(&folder), span_of_text(name), &problem);
	if (!ok)
		fprintf(stderr, "belfry-gateway: %s\n", str_text(&problem));
	str_finish(&folder);
	str_finish(&problem);
	return ok;
}

bool config_print_asked(const char *word, int *ret_status)
{
	static const char mdoc[] = "--print-settings=mdoc", help[] = "--help=";
	size_t len = sizeof(mdoc) - 1;
	bool ok = true;

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		print_help();
	else if (strcmp(word, "--version") == 0)
		puts("belfry-gateway " BELFRY_VERSION);
	else if (strcmp(word, mdoc) == 0)
		print_mdoc();
	else if (strncmp(word, mdoc, len) == 0 && word[len] == ':')
		ok = print_of_plugin(word + len + 1, relay_print_plugin_mdoc);
	else if (strncmp(word, help, sizeof(help) - 1) == 0)
		ok = print_of_plugin(word + sizeof(help) - 1, relay_print_plugin_help);
	else
		return false;
	*ret_status = ok ? EXIT_SUCCESS : EXIT_FAILURE;
	return true;
}
