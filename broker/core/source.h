/* SPDX-License-Identifier: MIT */
/*
 * Who published a retained message: whom it is held against when somebody subscribes later
 * (check_retain_source, CVE-2018-12546). Shared by reference count, and found in a table, so that
 * the messages of a publisher cost eight bytes each for knowing it.
 */
#ifndef BROKER_CORE_SOURCE_H
#define BROKER_CORE_SOURCE_H

#include "broker/core/policy.h"
#include "common/hash.h"

struct source {
	UT_hash_handle hh;
	struct source_table *table; /* borrowed */
	struct policy *policy;	    /* a reference; of the listener it came by */
	char *listener;		    /* its name, owned; does not change */
	uint32_t refs;
	/* The key of the table: these three stand one behind the other in memory. */
	uint16_t username_len, client_id_len;
	char names[];
};

/* Zeroed memory but for the seed is an empty table. It outlives its sources. */
struct source_table {
	struct source *table; /* uthash */
	uint64_t seed;
};

/* The source of these names, existing or new; a reference for the caller. The names are copied. */
struct source *source_open(struct source_table *t, struct span username, struct span client_id,
		struct policy *policy);

static inline struct source *source_ref(struct source *s)
{
	s->refs++;
	return s;
}

/* Accepts NULL. */
void source_unref(struct source *s);

static inline struct span source_username(const struct source *s)
{
	return span_of(s->names, s->username_len);
}

static inline struct span source_client_id(const struct source *s)
{
	return span_of(s->names + s->username_len, s->client_id_len);
}

/* By the rules that its listener has now: may the publisher still write the topic? */
bool source_may_write(struct source *s, struct span topic);

#endif
