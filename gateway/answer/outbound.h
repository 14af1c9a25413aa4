/* SPDX-License-Identifier: MIT */
/*
 * What the gateway itself publishes, on its way from the worker threads to the intake thread that
 * owns the connection. Bounded: when the queue is full a message is dropped, and counted by the
 * caller. Every function may be called from any thread.
 */
#ifndef GATEWAY_ANSWER_OUTBOUND_H
#define GATEWAY_ANSWER_OUTBOUND_H

#include "common/span.h"

struct outbound;

struct outbound_message {
	struct outbound_message *next;
	char *topic;
	uint8_t *payload;
	size_t payload_len;
	bool retain;
	int packet_id; /* while it waits for its acknowledgement */
};

struct outbound *outbound_create(size_t limit);
void outbound_destroy(struct outbound *o);

/* Copies both. False when the queue is full. */
bool outbound_push(struct outbound *o, struct span topic, struct span payload, bool retain);

/* The next message, or NULL. The caller destroys it. */
struct outbound_message *outbound_pop(struct outbound *o);
void outbound_message_destroy(struct outbound_message *m);

/* Readable while something was pushed since outbound_rest(). */
int outbound_fd(const struct outbound *o);
void outbound_rest(struct outbound *o);
void outbound_wake(struct outbound *o);

/*
 * The topic of the answer to a message on `topic`: belfry/reject/TOPIC. Plain belfry/reject when
 * that would be longer or deeper than a topic may be; the body names the topic in full anyway.
 */
struct str;
void reject_topic(struct str *into, struct span topic);

/*
 * Is it one of the topics kept for what gateways themselves publish: status and rejects now, states
 * and alerts to come? Such messages are never taken as input.
 */
bool topic_is_own(struct span topic);

#endif
