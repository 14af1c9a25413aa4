/* SPDX-License-Identifier: MIT */
/*
 * Icinga 2 as an output, over its REST API: one process-check-result a result.
 *
 *     batch ─┬─ lane 0: a connection with up to `pipeline` requests on the way ─▶ Icinga
 *            └─ lane 1: ...
 *
 * Host and service decide the lane, and a lane goes on only in order: what was not answered when
 * its connection ended is sent again, from the first on. Icinga drops a result that is older than
 * the one it has, and takes the same one twice, so sending again does no harm.
 *
 * A batch is done when every result of it was answered: taken (200), older than what Icinga has
 * (409), or refused for good (404 and others), which its publisher is told. Whatever else happens
 * is waited out.
 *
 * Icinga forgets what it took in the last second before a reload, although it was answered 200: it
 * was taken by the process that ends, behind the state that it has handed on. So each connection
 * begins with the question which process this is. When it is another one than before, everything is
 * handed over again that was delivered since `replay_window` before the last sign of the old one.
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
