/* SPDX-License-Identifier: MIT */
/*
 * What the files of a relay output share.
 *
 *     relay_type.c   a plugin as a type of output: its settings
 *     relay_check.c  what an operator has written into a block of such a type
 *     relay.c        the sink: what passes the filter goes to the plugin's thread
 *     relay_pack.c   records as a plugin sees them
 *     relay_doc.c    what the manual says of a type
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

/*
 * relay_type.c: the settings that every relay has, or every one with TLS. An empty row ends them;
 * the caller frees them.
 */
struct setting *relay_common_rows(bool tls);

/* A setting that every relay has and a plugin gives another default; NULL: it does not. */
struct relay_default {
	const char *name, *initial;
};

/* relay_type.c: the N-th that a plugin may give one; false: there are no more. */
bool relay_default_at(const struct relay_defaults *d, size_t n, struct relay_default *ret);

/* relay_check.c: for that class, as struct sink_class has them. */
void relay_check(struct output_config *output, const char *state_dir, struct str *problem);
void relay_finish(struct output_config *output);
/* Borrowed from the configuration. */
struct relay_tls relay_tls_of(const struct relay_config *config);

#endif
