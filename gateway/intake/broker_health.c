/* SPDX-License-Identifier: MIT */
#include "gateway/intake/broker_health.h"

#include <stdio.h>

void broker_health_init(struct broker_health *h)
{
	pthread_mutex_init(&h->lock, NULL);
	h->view = (struct broker_view){ .since = wall_time_now() };
}

void broker_health_finish(struct broker_health *h)
{
	pthread_mutex_destroy(&h->lock);
}

void broker_health_connected(struct broker_health *h, const char *protocol)
{
	pthread_mutex_lock(&h->lock);
	h->view.connected = true;
	h->view.protocol = protocol;
	h->view.since = wall_time_now();
	h->view.connections++;
	pthread_mutex_unlock(&h->lock);
}

void broker_health_ended(struct broker_health *h, bool by_itself)
{
	pthread_mutex_lock(&h->lock);
	if (h->view.connected) {
		h->view.connected = false;
		h->view.since = wall_time_now();
		h->view.lost += by_itself;
	}
	pthread_mutex_unlock(&h->lock);
}

void broker_health_failed(struct broker_health *h, const char *why)
{
	pthread_mutex_lock(&h->lock);
	snprintf(h->view.last_error, sizeof(h->view.last_error), "%s", why);
	h->view.last_error_at = wall_time_now();
	pthread_mutex_unlock(&h->lock);
}

struct broker_view broker_health_view(struct broker_health *h)
{
	struct broker_view v;

	pthread_mutex_lock(&h->lock);
	v = h->view;
	pthread_mutex_unlock(&h->lock);
	return v;
}
