/* SPDX-License-Identifier: MIT */
/*
 * One batch on its way to the server: what is known of each of its records, and the exchange of
 * commands and answers that all modes have in common.
 */
#ifndef PLUGINS_REDIS_DELIVERY_H
#define PLUGINS_REDIS_DELIVERY_H

#include "plugins/redis/connection.h"
#include "plugins/text.h"

/* Of a record. */
enum fate {
	FATE_WAITING = 0, /* not sent, or sent and not answered */
	FATE_TAKEN,	  /* the server has it, or a policy has dropped it */
	FATE_OLD_ID,	  /* of a stream: refused because of its id */
	FATE_ABSENT,	  /* of a stream: its id is another record's */
	FATE_HELD,	  /* its list is full */
	FATE_REJECTED,	  /* it is to blame, and the host has been told */
	FATE_POISON,	  /* one of several that were refused together: which one is not known */
};

/* Rows of the plugin's counters. */
enum redis_counter {
	COUNT_PUSHED,
	COUNT_NO_SUBSCRIBERS,
	COUNT_TRIMMED,
	COUNT_DROPPED_FULL,
	COUNT_REPEATED,
	COUNT_RENUMBERED,
	COUNT_LIST_LENGTH,
};

enum { FULL_LISTS = 64 };

/* Lists that hold max_len elements or more, as far as is known: those are asked first. */
struct full_lists {
	struct str keys[FULL_LISTS];
	size_t count;
};

/* What stays from batch to batch is borrowed. */
struct delivery {
	const struct relay_host *host;
	const struct redis_settings *settings;
	const struct relay_batch *batch;
	struct connection *connection;
	struct request *request, *second; /* the batch, and what comes of the answers to it */
	struct full_lists *full;
	uint8_t *fates;		/* enum fate of each record */
	struct failure failure; /* the first one */
	struct str error;	/* and the server's own words */
};

/* What an answer that is no error means. False: it is no answer to that command. */
typedef bool delivery_take(struct delivery *d, struct command *command, const redisReply *reply);

/*
 * After each command: once enough has gathered it is sent, so that the server is at work while the
 * rest is written. False when the connection broke: nothing more needs to be written.
 */
bool delivery_send_early(struct delivery *d, struct request *request);

/*
 * Send what is in `request` still and take the answers. False when the connection broke: what has
 * not been answered then is not known. Errors are noted as the delivery's failure. An empty request
 * is not sent.
 */
bool delivery_exchange(struct delivery *d, struct request *request, delivery_take *take);

/* The fate of the records of a command. */
void delivery_set(struct delivery *d, const struct command *command, enum fate fate);

static inline enum fate delivery_fate(const struct delivery *d, size_t index)
{
	return (enum fate)d->fates[index];
}

struct span delivery_key(const struct delivery *d, size_t index);

/* Note a failure, unless there is one already. */
void delivery_fail(struct delivery *d, const struct failure *failure);

/* What to tell the host in the end; the connection is told, too. */
enum relay_verdict delivery_verdict(struct delivery *d, struct relay_outcome *outcome);

/* The modes: send the waiting records of the batch, and find out what became of them. */
void deliver_to_list(struct delivery *d);
void deliver_to_channel(struct delivery *d);
void deliver_to_stream(struct delivery *d);

/* Is it waiting, and can it be sent? One with an empty key is FATE_REJECTED. */
bool delivery_sendable(struct delivery *d, size_t index);

#endif
