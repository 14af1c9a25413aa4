/* SPDX-License-Identifier: MIT */
/*
 * What the files of a relay output share.
 *
 *     relay_type.c  a plugin as a type of output: its settings, their check
 *     relay.c       the sink: what passes the filter goes to the plugin's thread
 *     relay_pack.c  records as a plugin sees them
 *     relay_doc.c   what the manual says of a type
 */
#ifndef GATEWAY_OUTPUT_RELAY_IMPL_H
#define GATEWAY_OUTPUT_RELAY_IMPL_H

#include "gateway/output/backlog.h"
#include "gateway/output/relay.h"

static inline const struct relay_type *relay_type_of(const struct sink_class *class)
{
	return (const struct relay_type *)(const void *)class; /* its first member */
}

/* relay.c: the class of a type whose plugin and rows are there. */
struct sink_class relay_class_of(const struct relay_type *t);

/* relay_type.c: for that class. */
void relay_check(struct output_config *output, const char *state_dir, struct str *problem);
void relay_finish(struct output_config *output);
/* What every relay has, or every one with TLS; the caller frees it. An empty row ends it. */
struct setting *relay_common_rows(bool tls);
struct relay_tls relay_tls_of(const struct relay_config *config);

#endif
