/* SPDX-License-Identifier: MIT */
/*
 * The one gate between brokers and journal: messages of all brokers come in here, in one order, and
 * are on disk when the call returns. It owns what is known of each host and service, and with it
 * the results that nobody sends: those of objects that fell silent.
 *
 *     intake threads ─▶ admission_take ─┐
 *     keeper thread ──▶ admission_tick ─┴─▶ (lock) admit ─▶ journal: one commit ─▶ answers
 *
 * What is known is written to the journal now and then; after a crash the records behind that are
 * gone through again. When a commit fails, what was taken into account for it is undone the same
 * way: everything is read again.
 *
 * Threads: any; one lock.
 */
#ifndef GATEWAY_INTAKE_ADMISSION_H
#define GATEWAY_INTAKE_ADMISSION_H

#include "gateway/answer/outbound.h"
#include "gateway/journal/journal.h"
#include "gateway/rules/config.h"
#include "gateway/rules/counters.h"

struct admission;

struct admission_env {
	const struct config *config;
	struct journal *journal; /* opened with has_state */
	struct counters *counters;
};

/* Reads what is known from the journal. NULL when it cannot be read; says why. */
struct admission *admission_create(const struct admission_env *env);
/* Writes it back. */
void admission_destroy(struct admission *a);

/* Answers to messages of broker N go to outbounds[N]; borrowed. Before anything is taken. */
void admission_connect(
		struct admission *a, struct outbound *const *outbounds, size_t outbound_count);

/* Take messages (RECORD_MESSAGE). 0: all of it is on disk. -errno: nothing of it is. */
int admission_take(struct admission *a, const struct record_batch *messages);

/*
 * Do what is due by time: silence, last states, and writing down what is known. Returns when to
 * call again; the descriptor becomes readable when that is to be earlier.
 */
struct instant admission_tick(struct admission *a, struct instant now);
int admission_fd(const struct admission *a);

/*
 * The end begins. What is known is written down for the last time, and the last states that wait
 * are left to admission_publish_states(). Of what is taken from now on the next run learns from the
 * journal, as after a crash, and publishes its states.
 */
void admission_close(struct admission *a);

/*
 * Then: put into the outbound of a broker what it has room for of the last states that wait, at
 * whatever rate. Returns how many still wait for it.
 */
size_t admission_publish_states(struct admission *a, size_t broker);

/* The gateway could not hear until now, see standings_hold(). */
void admission_hold(struct admission *a, struct instant now);

#endif
