/* SPDX-License-Identifier: MIT */
/*
 * Reads the gateway's configuration: command line and file, checked as a whole. What config_load()
 * accepted needs no further checks. What it says stands in gateway/rules/config.h.
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "gateway/rules/config.h"

/*
 * Read command line and file. False when the program is to end with config->exit_status: after
 * --help, --version, --test-config, or errors, all of which were printed.
 */
bool config_load(struct config *config, int argc, char **argv);

/*
 * The same file again, with what the command line said, while `running` is in force. What only a
 * start can change is taken over from it, and noted in `kept`. NULL with the errors in *report.
 */
struct config *config_load_again(const struct config *running, struct settings_report *report);

/* Give back what config_load_again() returned. Accepts NULL. */
void config_destroy(struct config *config);

/* Read and check the text of config->file. `running` may be NULL. For config_load.c. */
bool config_read(struct config *config, struct span text, const struct config *running,
		struct settings_report *report);

/* Read and check text, as a file named `name`. For tests. */
bool config_parse(struct config *config, struct span text, const char *name,
		struct settings_report *report);

void config_finish(struct config *config);

/* The line of the file that set a keyword; of a block, else the line that opened it; else 0. */
unsigned config_line(const struct config *config, const char *keyword);
unsigned config_route_line(const struct route_config *route, const char *keyword);

#endif
