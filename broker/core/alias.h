/* SPDX-License-Identifier: MIT */
/*
 * Topic aliases (v5 3.3.2.3.4), those that a client has set for its own PUBLISH packets and those
 * that the broker has set for what it sends the client. Both last as long as the network
 * connection.
 */
#ifndef BROKER_CORE_ALIAS_H
#define BROKER_CORE_ALIAS_H

#include "common/hash.h"

/* Zeroed memory knows no alias. */
struct alias_table {
	struct alias_topic **topics; /* index alias - 1 */
	uint16_t count;
};

void alias_finish(struct alias_table *t);

/* `alias` counts from 1 and has been checked against the announced maximum. Copies the topic. */
void alias_set(struct alias_table *t, uint16_t alias, struct span topic);

/* The topic, valid until the alias is set anew; data is NULL for one that was not set. */
struct span alias_topic(const struct alias_table *t, uint16_t alias);

/*
 * The broker's: the first topics that a client is sent have aliases 1, 2, 3, ... for as long as it
 * is connected. None is ever given to another topic: who is sent more topics than it allows aliases
 * would otherwise be told a new alias with each message, and save nothing.
 */
struct sent_aliases {
	struct sent_alias *table; /* uthash by topic */
	uint16_t count, max;	  /* max 0: the client wants none */
};

void sent_aliases_finish(struct sent_aliases *s);

/* `hash` is hash_span() of the topic with one and the same seed. 0: it has none. */
uint16_t sent_alias_find(const struct sent_aliases *s, struct span topic, uint32_t hash);

/* The alias that sent_alias_add() would give to the topic, which has none; 0: it gets none. */
uint16_t sent_alias_next(const struct sent_aliases *s, struct span topic);
void sent_alias_add(struct sent_aliases *s, struct span topic, uint32_t hash);

#endif
