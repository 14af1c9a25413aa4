/* SPDX-License-Identifier: MIT */
/*
 * What a bridge passes on, and under which name: the `topic` lines of its connection.
 *
 *     topic PATTERN [out|in|both [QOS [LOCAL_PREFIX [REMOTE_PREFIX]]]]
 *
 *     here: LOCAL_PREFIX + PATTERN        there: REMOTE_PREFIX + PATTERN
 *
 * Mosquitto's rules: `""` is an empty pattern or prefix; an empty pattern stands for one topic,
 * and then both prefixes are its names. A message passes by the first line that has a prefix and
 * matches; if none does, by any other that matches, under its own name.
 */
#ifndef BROKER_CORE_BRIDGE_TOPICS_H
#define BROKER_CORE_BRIDGE_TOPICS_H

#include "common/settings.h"

enum bridge_direction { BRIDGE_OUT = 1, BRIDGE_IN = 2, BRIDGE_BOTH = 3 };

struct bridge_topic {
	char *local_prefix, *remote_prefix; /* owned; NULL: none */
	char *local_filter, *remote_filter; /* owned; what is subscribed to here and there */
	uint8_t direction;		    /* enum bridge_direction */
	uint8_t qos;
};

/* Zeroed memory is an empty list. */
struct bridge_topics {
	struct bridge_topic *topics;
	size_t count, capacity;
};

void bridge_topics_finish(struct bridge_topics *t);

/*
 * Add what line->rest says. False after settings_error(); nothing is added then.
 */
bool bridge_topics_add(struct bridge_topics *t, struct settings_line *line);

/*
 * Append to `into` the name under which a message of the valid name `topic` is passed out or in.
 * False when no line passes it on in that direction, or when it would be no valid topic name.
 */
bool bridge_topics_map_out(const struct bridge_topics *t, struct span topic, struct str *into);
bool bridge_topics_map_in(const struct bridge_topics *t, struct span topic, struct str *into);

#endif
