/* SPDX-License-Identifier: MIT */
/*
 * Icinga 2 as an output, over its REST API: one process-check-result a result.
 *
 *     batch ─┬─ lane 0: a connection with up to `pipeline` requests on the way ─▶ Icinga
 *            └─ lane 1: ...
 *
 * Icinga drops a result that is older than the one it has, and takes the same one twice, so sending
 * again does no harm.
 *
 * A batch is done when every result of it was answered: taken (200), older than what Icinga has
 * (409), or refused for good (404 and others), which its publisher is told. Whatever else happens
 * is waited out.
 *
 *     icinga2.c          the sink: batches, what is asked for again
 *     icinga2_lanes.c    connections, and the requests on them
 *     icinga2_batch.c    what the answers mean for the results
 *     icinga2_program.c  which process of Icinga it is, and what it may forget
 *     icinga2_trouble.c  what is in the way, for log and status
 *     icinga2_access.c   whom to trust, and requests that say who asks
 *     icinga2_answer.c   what is of use in the bodies of answers
 */
#ifndef GATEWAY_OUTPUT_ICINGA2_H
#define GATEWAY_OUTPUT_ICINGA2_H

#include "gateway/output/sink.h"

struct icinga2_config {
	struct output_config output;
	char *url;
	char *user;
	char *password_file;
	char *cafile;
	char *certfile;
	char *keyfile;
	uint64_t connections;
	uint64_t pipeline;
	char *check_source;
	uint64_t timeout;	/* seconds */
	uint64_t replay_window; /* seconds */
};

enum { ICINGA2_MAX_CONNECTIONS = SINK_DESCRIPTORS };

extern const struct setting icinga2_settings[];

/* For struct sink_class. */
void icinga2_check(struct output_config *output, const char *state_dir, struct str *problem);

extern const struct sink_class icinga2_class;

#endif
