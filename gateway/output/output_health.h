/* SPDX-License-Identifier: MIT */
/*
 * How an output stands: its worker and its sink write it, whoever asks reads it from any thread.
 */
#ifndef GATEWAY_OUTPUT_OUTPUT_HEALTH_H
#define GATEWAY_OUTPUT_OUTPUT_HEALTH_H

#include <pthread.h>

#include "common/clock.h"
#include "common/rate.h"
#include "gateway/rules/counters.h"

/* An error that was, with when it began. Text NULL: there was none. */
struct output_error {
	const char *text; /* a literal */
	struct wall_time at;
};

struct output_health {
	struct output_counters counters;
	_Atomic(const char *) problem; /* the sink's: what is in the way now */

	pthread_mutex_t lock; /* guards what follows */
	const char *seen;     /* the problem that the last look found */
	struct output_error last_error;
	struct wall_time last_confirmed; /* ns == 0: nothing yet */
	struct rate rate;
};

/* A copy of it, taken at once. */
struct output_view {
	const char *problem; /* NULL: none */
	bool connected;	     /* the far end can be reached, as far as is known */
	struct output_error last_error;
	struct wall_time last_confirmed;
	double rate_10s, rate_60s; /* results a second */
};

void output_health_init(struct output_health *h);
void output_health_finish(struct output_health *h);

/* The sink has made a step: was there a problem, and is it a new one? */
void output_health_look(struct output_health *h);

/* The other side has confirmed a batch of so many results. */
void output_health_confirm(struct output_health *h, size_t results);

struct output_view output_health_view(struct output_health *h);

#endif
