/* SPDX-License-Identifier: MIT */
/*
 * What the gateway itself publishes, on its way from whoever has something to say to the intake
 * thread that owns the connection. Bounded: when the queue is full a message is dropped, and
 * counted by the caller. Every function may be called from any thread.
 */
#ifndef GATEWAY_ANSWER_OUTBOUND_H
#define GATEWAY_ANSWER_OUTBOUND_H

#include "common/clock.h"
#include "common/span.h"

struct outbound;

/* Why a message is published, for the counters. */
enum outbound_kind {
	OUTBOUND_STATUS,
	OUTBOUND_REJECT,
	OUTBOUND_RECEIPT,
	OUTBOUND_STATE,
	OUTBOUND_ANSWER
};

struct outbound_message {
	struct outbound_message *next;
	enum outbound_kind kind;
	char *topic;
	uint8_t *payload;
	size_t payload_len;
	uint8_t *correlation; /* of MQTT 5; NULL: none */
	size_t correlation_len;
	bool retain;
	struct wall_time since; /* of a receipt: when its message came; the creator's own */
	unsigned source;	/* of an answer: the broker of the message; the creator's own */
	int packet_id;		/* while it waits for its acknowledgement */
};

struct outbound *outbound_create(size_t limit);
void outbound_destroy(struct outbound *o);

/* Copies all of it. The status is retained, and a state. */
struct outbound_message *outbound_message_create(enum outbound_kind kind, struct span topic,
		struct span payload, struct span correlation);
/* Add to the payload. */
void outbound_message_append(struct outbound_message *m, struct span text);
void outbound_message_destroy(struct outbound_message *m);

/* Takes the message over. False when the queue is full: it is destroyed. */
bool outbound_push(struct outbound *o, struct outbound_message *m);

/* How many messages wait. */
size_t outbound_count(struct outbound *o);

/* Then what can wait should wait. */
bool outbound_is_half_full(struct outbound *o);

/* The next message, or NULL. The caller destroys it. */
struct outbound_message *outbound_pop(struct outbound *o);

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
 * Is it one of the topics kept for what gateways themselves publish: status, rejects, states and
 * alerts? Such messages are never decoded, so that no answer answers an answer.
 */
bool topic_is_own(struct span topic);

#endif
