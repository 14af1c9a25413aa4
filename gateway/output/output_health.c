/* SPDX-License-Identifier: MIT */
#include "gateway/output/output_health.h"

void output_health_init(struct output_health *h)
{
	pthread_mutex_init(&h->lock, NULL);
}

void output_health_finish(struct output_health *h)
{
	pthread_mutex_destroy(&h->lock);
}

void output_health_look(struct output_health *h)
{
	const char *problem = h->problem;

	if (problem == h->seen) /* written by this thread alone */
		return;
	pthread_mutex_lock(&h->lock);
	h->seen = problem;
	if (problem != NULL)
		h->last_error = (struct output_error){ problem, wall_time_now() };
	pthread_mutex_unlock(&h->lock);
}

void output_health_confirm(struct output_health *h, size_t results)
{
	count_up(&h->counters.results, results);
	count_up(&h->counters.batches, 1);
	if (results == 0)
		return; /* all of the batch was for others, or filtered: nobody was asked */
	pthread_mutex_lock(&h->lock);
	h->last_confirmed = wall_time_now();
	rate_add(&h->rate, instant_now(), results);
	pthread_mutex_unlock(&h->lock);
}

struct output_view output_health_view(struct output_health *h)
{
	struct instant now = instant_now();
	struct output_view v = { .problem = h->problem };

	v.connected = h->counters.connected && v.problem == NULL;
	pthread_mutex_lock(&h->lock);
	v.last_error = h->last_error;
	v.last_confirmed = h->last_confirmed;
	v.rate_10s = rate_over(&h->rate, now, 10);
	v.rate_60s = rate_over(&h->rate, now, 60);
	pthread_mutex_unlock(&h->lock);
	return v;
}
