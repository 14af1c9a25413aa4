/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "common/mem.h"
#include "common/settings_file.h"
#include "gateway/config.h"
#include "gateway/config_help.h"

/* Returns false when the program is to end. */
static bool read_command_line(struct config *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (config_print_asked(word, &c->exit_status))
			return false;
		if (strcmp(word, "-c") == 0 && i + 1 < argc) {
			c->file = argv[++i];
		} else if (strcmp(word, "-v") == 0 || strcmp(word, "--verbose") == 0) {
			c->verbose = true;
		} else if (strcmp(word, "-d") == 0 || strcmp(word, "--daemon") == 0) {
			c->daemonise = true;
		} else if (strcmp(word, "--test-config") == 0) {
			c->test = true;
		} else {
			fprintf(stderr, "belfry-gateway: '%s': %s; --help lists the options\n",
					word,
					strcmp(word, "-c") == 0 ? "needs the path of a file"
								: "unknown option");
			return false;
		}
	}
	if (c->file == NULL)
		fprintf(stderr, "belfry-gateway: no configuration; name one with -c FILE\n");
	return c->file != NULL;
}

/* The file, and what it names. `running` is what is in force already, NULL at the start. */
static bool load_file(
		struct config *c, const struct config *running, struct settings_report *report)
{
	struct str text = { 0 };
	int error = settings_read_file(c->file, &text);

	if (error < 0) {
		str_printf(&report->text, "%s: cannot be read: %s; check the path after -c\n",
				c->file, strerror(-error));
		report->errors++;
	} else {
		config_read(c, str_span(&text), running, report);
	}
	if (text.len > 0)
		wipe(text.text, text.len);
	str_finish(&text);
	if (c->verbose)
		c->log.types = LOG_TYPES_ALL;
	return report->errors == 0;
}

bool config_load(struct config *c, int argc, char **argv)
{
	struct settings_report report = { 0 };
	bool ok;

	*c = (struct config){ .exit_status = EXIT_BAD_CONFIG };
	if (!read_command_line(c, argc, argv))
		return false;
	ok = load_file(c, NULL, &report);
	if (!ok)
		fprintf(stderr, "%s%s: %u error%s\n", str_text(&report.text), c->file,
				report.errors, report.errors == 1 ? "" : "s");
	str_finish(&report.text);
	if (ok && c->test) {
		printf("%s: no errors\n", c->file);
		c->exit_status = EXIT_SUCCESS;
		return false;
	}
	return ok;
}

struct config *config_load_again(const struct config *running, struct settings_report *report)
{
	struct config *c = xcalloc(1, sizeof(*c));

	c->file = running->file;
	c->verbose = running->verbose;
	c->daemonise = running->daemonise;
	if (load_file(c, running, report))
		return c;
	config_destroy(c);
	return NULL;
}

void config_destroy(struct config *c)
{
	if (c != NULL)
		config_finish(c);
	free(c);
}
