/* SPDX-License-Identifier: MIT */
#include "broker/config.h"

#include <stdio.h>

#include "broker/config_tables.h"
#include "common/mem.h"

static const struct settings_opener openers[] = {
	{ "listener", "PORT [ADDRESS]",
			"Accept connections: over TCP, or with port 0 and a path on a Unix socket. "
			"Port 0 and an address lets the kernel choose; the log says which.",
			config_open_listener, config_listener_settings },
	{ "connection", "NAME",
			"A bridge: pass messages to another broker and from it. Its session here "
			"and there bears the name.",
			config_open_bridge, config_bridge_settings },
	{ NULL, NULL, NULL, NULL, NULL },
};

struct settings_grammar config_grammar(struct config *config)
{
	return (struct settings_grammar){
		.global = { .table = config_global_settings,
				.target = config,
				.lines = &config->lines },
		.openers = openers,
		.refusals = config_refusals,
		.include = "include_dir",
		.files = &config->files,
		.text_is_whole_line = true,
	};
}

void config_keyword_error(struct settings_report *report, const struct setting *table,
		const struct settings_lines *lines, const char *keyword, const char *what)
{
	const char *file = settings_file_of(table, lines, keyword);
	struct settings_line line = {
		.file = file != NULL ? file : "command line",
		.number = settings_line_of(table, lines, keyword),
		.report = report,
	};

	settings_error(&line, span_of_text(keyword), "%s", what);
}

static void global_error(const struct config *config, struct settings_report *report,
		const char *keyword, const char *what)
{
	config_keyword_error(report, config_global_settings, &config->lines, keyword, what);
}

/* Values that a row of a table cannot judge. They do not depend on each other. */
static void check_values(struct config *config, struct settings_report *report)
{
	config_check_store(config, report);
	if (config->pid_file != NULL && config->pid_file[0] != '/')
		global_error(config, report, "pid_file",
				"is not absolute; write the path from / on");
	if (config->allow_duplicate_messages)
		global_error(config, report, "allow_duplicate_messages",
				"true is not carried out: MQTT wants a message once; remove the "
				"line");
	config_check_log(config, report);
}

/* Lines that do not go together. Where one of them is wrong already, that would only confuse. */
static void check_sections(const struct config *config, struct settings_report *report)
{
	if (config->first.address != NULL && config->first.port == 0)
		global_error(config, report, "bind_address",
				"needs a port; write: listener PORT ADDRESS");
	config_check_listeners(config, report);
	config_check_bridges(config, report);
}

static void print_help(void)
{
	struct config nothing = { 0 };
	struct settings_grammar grammar = config_grammar(&nothing);

	puts("usage: belfry-broker [-c FILE] [-p PORT] [-v] [-d] [--test-config]\n"
	     "\n"
	     "An MQTT broker for versions 3.1, 3.1.1 and 5.0.\n"
	     "\n"
	     "  -c FILE        read this configuration, written as mosquitto.conf\n"
	     "  -p PORT        listen on this port of the loopback interface\n"
	     "  -v             log everything, each packet included\n"
	     "  -d             go into the background\n"
	     "  --test-config  check the configuration and exit: 0 when it is good, 3 when not\n"
	     "  --help         print this text\n"
	     "  --version      print the version\n"
	     "  --print-settings=mdoc\n"
	     "                 print what the manual says about each keyword\n"
	     "\n"
	     "Without -c it listens on port 1883 of the loopback interface and lets anybody in.\n"
	     "\n"
	     "Keywords of the configuration:\n");
	settings_print_help(stdout, &grammar);
}

static void print_mdoc(void)
{
	struct config nothing = { 0 };
	struct settings_grammar grammar = config_grammar(&nothing);

	settings_print_mdoc(stdout, &grammar);
}

enum argument { ARGUMENT_GO_ON, ARGUMENT_EXIT, ARGUMENT_BAD };

static enum argument parse_argument(
		struct config *config, char **argv, int *at, struct settings_report *report)
{
	const char *word = argv[*at];
	struct settings_line line = { .file = "command line", .report = report };

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		print_help();
		return ARGUMENT_EXIT;
	}
	if (strcmp(word, "--version") == 0) {
		puts("belfry-broker " BELFRY_VERSION);
		return ARGUMENT_EXIT;
	}
	if (strcmp(word, "--print-settings=mdoc") == 0) {
		print_mdoc();
		return ARGUMENT_EXIT;
	}
	if (strcmp(word, "-v") == 0 || strcmp(word, "--verbose") == 0) {
		config->verbose = true;
	} else if (strcmp(word, "-d") == 0 || strcmp(word, "--daemon") == 0) {
		config->daemon = true;
	} else if (strcmp(word, "--test-config") == 0) {
		config->test = true;
	} else if ((strcmp(word, "-c") == 0 || strcmp(word, "-p") == 0) && argv[*at + 1] == NULL) {
		settings_error(&line, span_of_text(word), "needs a value; see --help");
		return ARGUMENT_BAD;
	} else if (strcmp(word, "-c") == 0) {
		config->file = argv[++*at];
	} else if (strcmp(word, "-p") == 0) {
		if (!settings_set(config_global_settings, config, "command line", "port",
				    argv[++*at], report))
			return ARGUMENT_BAD;
	} else {
		settings_error(&line, span_of_text(word), "unknown argument; see --help");
		return ARGUMENT_BAD;
	}
	return ARGUMENT_GO_ON;
}

/* Without a listener in the file: loopback only, and on the port of -p if there is one. */
static void complete(struct config *config)
{
	if (config->port_given != 0)
		config->first.port = config->port_given; /* the command line wins */
	config->is_local_only = config->listener_count == 0 &&
				(config->first.port == 0 || config->port_given != 0);
	if (config->is_local_only && config->first.port == 0)
		config->first.port = DEFAULT_PORT;
}

static void load_file(struct config *config, struct settings_report *report)
{
	struct settings_grammar grammar = config_grammar(config);
	unsigned errors;

	if (config->file != NULL)
		settings_load(config->file, &grammar, config, report);
	errors = report->errors;
	check_values(config, report);
	if (errors == 0)
		check_sections(config, report);
	complete(config);
}

bool config_load(struct config *config, int argc, char **argv, int *ret_status)
{
	struct settings_report report = { 0 };

	*config = (struct config){ 0 };
	settings_init(config_global_settings, config);
	*ret_status = EXIT_SUCCESS;
	for (int i = 1; i < argc; i++) {
		if (parse_argument(config, argv, &i, &report) == ARGUMENT_EXIT) {
			str_finish(&report.text);
			return false;
		}
	}
	config->port_given = config->first.port;
	if (report.errors == 0)
		load_file(config, &report);
	fputs(str_text(&report.text), stderr);
	str_finish(&report.text);
	if (report.errors > 0)
		*ret_status = EXIT_CONFIG;
	return report.errors == 0;
}

struct config *config_load_again(const struct config *config, struct settings_report *report)
{
	struct config *fresh = config_create();
	unsigned errors = report->errors;

	settings_init(config_global_settings, fresh);
	fresh->file = config->file;
	fresh->port_given = config->port_given;
	fresh->verbose = config->verbose;
	fresh->daemon = config->daemon;
	load_file(fresh, report);
	if (report->errors == errors)
		return fresh;
	config_destroy(fresh);
	return NULL;
}

struct config *config_create(void)
{
	return xcalloc(1, sizeof(struct config));
}

void config_destroy(struct config *config)
{
	if (config != NULL)
		config_finish(config);
	free(config);
}

void config_finish(struct config *config)
{
	for (size_t i = 0; i < config->listener_count; i++)
		config_listener_destroy(config->listeners[i]);
	free(config->listeners);
	for (size_t i = 0; i < config->bridge_count; i++)
		config_bridge_destroy(config->bridges[i]);
	free(config->bridges);
	settings_finish(config_global_settings, config);
	text_list_finish(&config->files);
	*config = (struct config){ 0 };
}
