/* SPDX-License-Identifier: MIT */
/*
 * The last retained message of each topic (v5 3.3.1.3).
 */
#ifndef BROKER_CORE_RETAINED_H
#define BROKER_CORE_RETAINED_H

#include "broker/core/message.h"
#include "broker/core/trie.h"

struct retained {
	struct trie topics; /* value: struct message */
	size_t count;
	size_t bytes; /* sum of message_size() */
};

void retained_init(struct retained *r, uint64_t seed);
void retained_finish(struct retained *r);

/*
 * Keep `m` as its topic's retained message, with a reference of its own, in place of the one
 * before. An empty payload only removes that one [v5 MQTT-3.3.1-6, MQTT-3.3.1-7].
 */
void retained_set(struct retained *r, struct message *m);

/*
 * Call `visit` for each retained message whose topic matches the valid `filter` and that has not
 * expired; those that have are removed. `visit` must not change the retained messages.
 */
void retained_match(struct retained *r, struct span filter, struct instant now, void *owner,
		void (*visit)(void *owner, struct message *m));

#endif
