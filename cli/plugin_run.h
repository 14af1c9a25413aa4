/* SPDX-License-Identifier: MIT */
/*
 * Running one Nagios plugin: fork and exec, never a shell. The plugin gets an empty stdin, keeps
 * our stderr, leads a process group of its own, and dies with us.
 */
#ifndef CLI_PLUGIN_RUN_H
#define CLI_PLUGIN_RUN_H

#include "common/clock.h"
#include "common/str.h"

enum { MAX_PLUGIN_OUTPUT = 1024 * 1024 }; /* more is read and dropped */

/* Zeroed memory is valid and empty. */
struct plugin_run {
	/*
	 * 0 to 255, as the plugin exited; -1 when it did not: it could not be run, was killed, or
	 * took too long. `output` then says so in a sentence, followed by what it had printed.
	 */
	int exit_code;
	struct str output;
	bool was_cut; /* it printed more than MAX_PLUGIN_OUTPUT */
};

/*
 * Run argv[0], searched for in PATH when it has no slash, with the arguments behind it. When the
 * timeout is over its process group is killed.
 */
void plugin_run(char **argv, struct duration timeout, struct plugin_run *ret);
void plugin_run_finish(struct plugin_run *run);

#endif
