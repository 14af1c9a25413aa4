/* SPDX-License-Identifier: MIT */
/*
 * The rules of MQTT topic names and topic filters (v3 and v5 section 4.7), shared by the broker,
 * the gateway's routes and the tools. Nothing here allocates.
 */
#ifndef COMMON_TOPIC_H
#define COMMON_TOPIC_H

#include "common/span.h"

enum {
	MAX_TOPIC_LENGTH = 65535,
	/* Deeper topics are refused, as Mosquitto does since CVE-2019-11779: nothing recurses
	   further. */
	MAX_TOPIC_LEVELS = 200,
};

/*
 * May a message be published to it? Not empty [MQTT-4.7.3-1], valid UTF-8 without control
 * characters, no wildcard [v3 MQTT-3.3.2-2], at most MAX_TOPIC_LEVELS levels.
 */
bool topic_name_valid(struct span name);

/*
 * May it be subscribed to? As above, with `+` and `#` each alone in its level and `#` last
 * [v5 MQTT-4.7.1-1, MQTT-4.7.1-2; v3 MQTT-4.7.1-2, MQTT-4.7.1-3].
 */
bool topic_filter_valid(struct span filter);

bool topic_filter_has_wildcard(struct span filter);

/*
 * Does the valid `filter` match the valid `name`? A filter that starts with a wildcard does not
 * match a name that starts with `$` [MQTT-4.7.2-1].
 */
bool topic_matches(struct span filter, struct span name);

/* Is there a name that both valid filters match? */
bool topic_filters_overlap(struct span a, struct span b);

/* Does the valid filter `outer` match every name that the valid filter `inner` matches? */
bool topic_filter_covers(struct span outer, struct span inner);

/* Number of levels: one more than there are slashes. */
size_t topic_level_count(struct span topic);

/*
 * Take "$share/GROUP/FILTER" apart. False when `filter` is not of that form: it does not start
 * with $share/, the group is empty or has a wildcard [v5 MQTT-4.8.2-1, 4.8.2-2], or no filter
 * follows.
 */
bool topic_share_split(struct span filter, struct span *ret_group, struct span *ret_filter);

#endif
