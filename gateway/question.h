/* SPDX-License-Identifier: MIT */
/*
 * What an operator asks a running gateway, over the broker: a JSON object on
 * belfry/gateway/CLIENT_ID/ask, answered with one or several JSON objects on the response topic,
 * the last of which has "end": true. Who may ask is the broker's ACL to say.
 *
 *     {"ask":"why","host":"web1","service":"Disk","limit":20}
 *     {"ask":"replay","output":"nagios","since":3600}
 *
 * The response topic is MQTT 5's, or for MQTT 3.1.1 the key "reply"; it begins with belfry/reply/.
 *
 * One thread answers, so that nobody who carries results waits for it.
 */
#ifndef GATEWAY_QUESTION_H
#define GATEWAY_QUESTION_H

#include <cjson/cJSON.h>

#include "gateway/answer/outbound.h"
#include "gateway/journal/record.h"

struct questions;

/* One that is being answered. */
struct question {
	struct question *next;
	char *payload;
	size_t payload_len;
	char *ask; /* which question it is */
	char *reply_topic;
	uint8_t *correlation;
	size_t correlation_len;
	unsigned source; /* the broker that it came from */
};

/* The answer to one, while it is put together. */
struct reply {
	struct str members; /* of the JSON object, each with a comma in front */
	struct str problem; /* why it cannot be answered */
	struct questions *questions;
	const struct question *question;
};

/* False when the gateway is ending, and an answer that takes long is better not finished. */
bool reply_is_wanted(const struct reply *r);

/* Send what `members` holds as one object of several, and go on with an empty one. */
void reply_part(struct reply *r);

/* Answers one kind of question. */
struct question_kind {
	const char *name;
	/* `body` is the object that was asked. Appends to r->members, or to r->problem and returns
	   false. */
	bool (*answer)(void *owner, const cJSON *body, struct reply *r);
};

/* `kinds` end with a NULL name; they get `owner`. Answers go to outbounds[source]. Borrowed. */
struct questions *questions_create(const struct question_kind *kinds, void *owner,
		struct outbound *const *outbounds, size_t outbound_count);
void questions_destroy(struct questions *q);

bool questions_start(struct questions *q);
void questions_stop(struct questions *q);

/* Copies the message. What comes faster than it is answered is dropped. From any thread. */
void questions_take(struct questions *q, const struct record *message);

#endif
