/* SPDX-License-Identifier: MIT */
/*
 * From a command to one external command of a core, and to nothing else:
 *
 *     [1795384096] ADD_SVC_COMMENT;web1;Disk /var;1;anna;new disk is ordered\n
 *
 * Whatever author and comment hold, it is exactly one line that names exactly the command's own
 * host and service. Cores resolve no escape in these texts: what would end the line becomes a
 * blank, and a `;` in a text that it would end a comma.
 *
 * Each function appends nothing and returns why, a literal, when the core has nothing that would do
 * what is asked; else NULL. `now` stamps the line. The names are name_valid(), the texts and times
 * as command_decode() makes them; with other names nothing is appended either.
 */
#ifndef GATEWAY_RESULT_ENCODE_COMMAND_H
#define GATEWAY_RESULT_ENCODE_COMMAND_H

#include "gateway/result/command.h"

typedef const char *encode_command(
		struct str *into, const struct command *command, struct wall_time now);

/* Of Nagios and Naemon: an acknowledgement cannot expire. */
encode_command encode_command_nagios;
/*
 * Of Icinga 2's ExternalCommandListener: nor here. It has commands for that, and 2.13 takes them
 * and drops the end, so that the acknowledgement would stand for ever.
 */
encode_command encode_command_icinga;

/*
 * For Icinga 2's API instead, in the form of gateway/result/encode_icinga2.h, with the action to
 * call: texts keep all their characters there.
 */
encode_command encode_command_icinga2;
/* The action's name, "add-comment". */
const char *icinga2_action(enum command_kind kind);

#endif
