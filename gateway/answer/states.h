/* SPDX-License-Identifier: MIT */
/*
 * The last state of each object, on its way to belfry/state/HOST/SERVICE, retained, for everybody
 * who wants to know how things are without asking the core. Only the newest of each object waits,
 * and no more than a set number a second are published: results come faster than anybody reads
 * them.
 *
 * One thread at a time; the admission's lock.
 */
#ifndef GATEWAY_ANSWER_STATES_H
#define GATEWAY_ANSWER_STATES_H

#include "gateway/answer/outbound.h"
#include "gateway/result/check_result.h"

struct states;

/* `rate` a second; 0: none is ever published. `gateway_id` is borrowed. One source at least. */
struct states *states_create(
		uint64_t rate, const char *gateway_id, size_t source_count, uint64_t seed);
void states_destroy(struct states *s);

struct state_note {
	const struct check_result *result;
	struct wall_time received;
	bool is_silent;	 /* it is the gateway's own, about an object that is not heard of */
	unsigned source; /* which broker's outbound it goes to: the one of the newest note */
};

/* It is the object's last state now. */
bool states_note(struct states *s, const struct state_note *note);

/*
 * Publish what may be published by now, oldest first, as far as the queues, one for each source,
 * have room to spare for more urgent messages.
 */
void states_publish(struct states *s, struct instant now, struct outbound *const *outbounds);

/* When states_publish() has something to do; INSTANT_NEVER: nothing waits. */
struct instant states_next(const struct states *s);

/*
 * The end: nothing begins to wait any more, and what waits is published by states_publish_rest()
 * only, without regard to the rate.
 */
void states_close(struct states *s);

/* Publish what there is room for, of one source. Returns how many of it still wait. */
size_t states_publish_rest(struct states *s, size_t source, struct outbound *to);

/* How many wait. */
size_t states_count(const struct states *s);

/* Forget what waits. */
void states_clear(struct states *s);

#endif
