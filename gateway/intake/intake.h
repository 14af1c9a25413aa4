/* SPDX-License-Identifier: MIT */
/*
 * The way in: one thread per broker that takes messages off it, gives them to the admission, and
 * acknowledges them when what they say is on disk.
 *
 *     poll ─▶ read all there is ─▶ admission: one commit ─▶ write the acknowledgements ─▶ poll
 *
 * libmosquitto has no manual acknowledgement: it queues the PUBACK before it calls back. But
 * under mosquitto_threaded_set(), with a loop of our own, the queue is written by
 * mosquitto_loop_write() only, so withholding that call withholds the acknowledgement. A process
 * that dies in between is sent the messages again. Works with QoS 1; QoS 2 is never subscribed.
 *
 * While a commit runs the next batch gathers in the socket, so the batch sizes itself and nothing
 * waits for a timer. Receive Maximum bounds it.
 *
 * When the journal is full the socket is not read, and after a while the connection is given back
 * in order; the session at the broker stays and queues.
 */
#ifndef GATEWAY_INTAKE_INTAKE_H
#define GATEWAY_INTAKE_INTAKE_H

#include "gateway/answer/outbound.h"
#include "gateway/intake/admission.h"
#include "gateway/intake/broker_health.h"
#include "gateway/journal/journal.h"
#include "gateway/rules/config.h"
#include "gateway/rules/counters.h"

struct intake;

struct intake_env {
	const struct config *config;
	size_t broker; /* index */
	struct journal *journal;
	struct admission *admission;
	struct counters *counters;
	/* Append the retained status message for this state: "online", "offline", "full". */
	void (*status)(void *owner, const char *state, struct str *into);
	/* A number for what is wrong with the outputs: another one, and the status is published. */
	uint64_t (*problems)(void *owner);
	/* A message on the topic of questions, see link_events; borrowed for the call. */
	void (*question)(void *owner, const struct record *message);
	void *owner;
};

struct intake *intake_create(const struct intake_env *env);
void intake_destroy(struct intake *i);

/* Where to put what is to be published at this broker. */
struct outbound *intake_outbound(struct intake *i);

/* From any thread. */
bool intake_is_connected(const struct intake *i);

/* How the connection stands. Lives as long as the intake. */
struct broker_health *intake_health(struct intake *i);

/* False when no thread can be had. */
bool intake_start(struct intake *i);

/*
 * Have it acknowledge what was taken, publish what is queued, the last states that wait
 * (admission_close() goes before) and the status `state` ("offline"; borrowed), and disconnect in
 * order.
 */
void intake_stop(struct intake *i, const char *state);
/* Return when its thread has ended after that: within 7 seconds, whatever the broker does. */
void intake_join(struct intake *i);

/*
 * A number that grows while the thread lives, from any thread. It is woken, so that it grows soon
 * after the call even when nothing happens.
 */
uint64_t intake_turns(struct intake *i);

#endif
