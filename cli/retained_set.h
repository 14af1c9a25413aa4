/* SPDX-License-Identifier: MIT */
/*
 * What a broker has retained below a filter, asked once.
 */
#ifndef CLI_RETAINED_SET_H
#define CLI_RETAINED_SET_H

#include "cli/link.h"

struct retained_message {
	char *topic;
	char *payload; /* as text: cut at a NUL */
	size_t order;  /* of arrival */
};

/* Sorted by topic. Zeroed memory is an empty set. */
struct retained_set {
	struct retained_message *all;
	size_t count, capacity;
};

/*
 * Connect, subscribe to the filter, gather what is retained, disconnect. Nothing is waited for
 * that need not come: the broker's answer to the UNSUBSCRIBE that follows comes behind it all.
 * *problem says why it is not ANSWER_DONE.
 */
enum answer retained_set_fetch(const struct link_config *config, const char *filter,
		struct retained_set *ret, struct str *problem);

void retained_set_finish(struct retained_set *set);

/* The payload of the topic `prefix` + `topic`, or NULL. */
const char *retained_set_find(
		const struct retained_set *set, const char *prefix, const char *topic);

#endif
