/* SPDX-License-Identifier: MIT */
/*
 * The topic aliases that a client has set for its own PUBLISH packets (v5 3.3.2.3.4). They last as
 * long as the network connection.
 */
#ifndef BROKER_CORE_ALIAS_H
#define BROKER_CORE_ALIAS_H

#include "common/span.h"

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

#endif
