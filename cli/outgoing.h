/* SPDX-License-Identifier: MIT */
/*
 * The messages of one `belfry submit`, and where they come from: the command line, send_nsca's
 * tab form, or a plugin that is run.
 */
#ifndef CLI_OUTGOING_H
#define CLI_OUTGOING_H

#include "cli/result.h"
#include "common/clock.h"

struct outgoing_message {
	char *label; /* for errors: "web1/Disk", or "line 3: web1/Disk" */
	char *topic;
	struct str payload;
};

/* Zeroed memory with a prefix is a valid empty one. */
struct outgoing {
	const char *prefix; /* borrowed */
	struct outgoing_message *messages;
	size_t count, capacity;
	size_t invalid; /* results that were complained about on stderr instead */
};

void outgoing_finish(struct outgoing *o);

/* Turn one result into a message, or complain; `where` ("line 3: " or "") leads its label. */
void outgoing_add(struct outgoing *o, const struct result *r, const char *where);

/* Complain about something that is no message because of `problem`. */
void outgoing_complain(struct outgoing *o, const char *where, const char *problem);

/*
 * Every record of `input`, which is in send_nsca's tab form. `base` gives what a record does not
 * say: time and ttl.
 */
void outgoing_add_tab_form(struct outgoing *o, struct span input, const struct result *base);

/*
 * Run the plugin `argv` for host and service of `base` and add its result, which keeps time, ttl
 * and id of `base`. What keeps a plugin from exiting is an UNKNOWN of a service; of a host it is
 * complained about, because it says nothing about the host.
 */
void outgoing_add_plugin(struct outgoing *o, char **argv, struct duration timeout,
		const struct result *base);

#endif
