/* SPDX-License-Identifier: MIT */
/*
 * Naemon's query handler as an output: a Unix socket on which the core answers each command.
 *
 *     @command run [1795384096] PROCESS_SERVICE_CHECK_RESULT;web1;Disk;2;full\0  ─▶
 *                                              ◀─  200: OK\0   or   400: REASON\0
 *
 * It is the only way into a core of this family that says of each result whether it was taken, so
 * that one for an unknown host or service is answered. One command is on its way at a time: the
 * core looks at one for each time that its socket becomes readable, so a second one behind it would
 * lie there unseen. What was not answered when the connection ended is sent again, in order.
 *
 * Nagios has such a socket without a handler for commands, and answers 404.
 */
#ifndef GATEWAY_OUTPUT_QUERY_HANDLER_H
#define GATEWAY_OUTPUT_QUERY_HANDLER_H

#include "gateway/output/sink.h"

struct query_handler_config {
	struct output_config output;
	char *path;
};

extern const struct sink_class query_handler_class;

#endif
