/* SPDX-License-Identifier: MIT */
/*
 * The command pipe of Nagios, Naemon and (until 2.17) Icinga as an output. Two ways:
 *
 * confirmed  A batch is written to a file of its own in batch_dir, and one PROCESS_FILE command
 *            names it. The core applies every line and then removes the file: that is the
 *            confirmation. One file is out at a time. The command is given again when the core
 *            was restarted or stays silent; the second command for a file that is gone already
 *            does nothing but a line in the core's log.
 *
 *     batch ─▶ NAME-ID-FIRST-LAST ─▶ progress: issued ─▶ command ─▶ (core) ─▶ unlink ─▶ done
 *                     │                    │
 *            killed before: removed   killed after: file there → still out; gone → applied, if the
 *                                     core was told of it
 *
 * pipe       Lines of at most 4096 bytes go straight into the pipe, where no folder can be
 *            shared. A batch is done when it is written: what the core had in its hands when it
 *            died is lost, and a gateway killed within a batch repeats that batch. A line that
 *            another writer left without its end takes the first line of the next write with it.
 *            An empty line in front would save that one and lose others: Nagios 4 does not end it,
 *            reads it together with what lies behind it, and then looks for the next line in the
 *            wrong place. So nothing but whole commands is ever written.
 *
 * The cores do not resolve escapes alike, so the sink has to know whose pipe it is. Icinga forgets
 * what it confirmed in the last second before it stopped or was reloaded: when its pipe has lost
 * its reader and has one again, what was delivered shortly before is handed over again. That does
 * no harm there, because Icinga passes over what is older than what it has.
 *
 * Rights of confirmed delivery: the core must be able to read the file and to remove it, so
 * batch_dir is writable for the core's user. Files are 0640 in a folder that others may enter,
 * 0644 in one they may not: the folder is then the lock.
 */
#ifndef GATEWAY_OUTPUT_COMMAND_FILE_H
#define GATEWAY_OUTPUT_COMMAND_FILE_H

#include "gateway/output/core.h"
#include "gateway/output/sink.h"

enum delivery { DELIVERY_CONFIRMED, DELIVERY_PIPE };

struct command_file_config {
	struct output_config output;
	char *path;
	int core;		/* enum core */
	int delivery;		/* enum delivery */
	char *batch_dir;	/* absolute; never NULL */
	uint64_t replay_window; /* seconds */
	bool replay_window_set; /* else it is the core's */
	char *objects;		/* the core's object cache; NULL: not looked at */
};

extern const struct setting command_file_settings[];

/* For struct sink_class. */
void command_file_check(struct output_config *output, const char *state_dir, struct str *problem);

extern const struct sink_class command_file_class;

#endif
