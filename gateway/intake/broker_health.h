/* SPDX-License-Identifier: MIT */
/*
 * How the connection to a broker stands: its link writes it, whoever asks reads it from any thread.
 */
#ifndef GATEWAY_INTAKE_BROKER_HEALTH_H
#define GATEWAY_INTAKE_BROKER_HEALTH_H

#include <pthread.h>

#include "common/clock.h"
#include "common/span.h"

enum { BROKER_ERROR_BYTES = 256 };

struct broker_view {
	bool connected;
	const char *protocol;	/* "5" or "3.1.1", of the last connection; NULL: there was none */
	struct wall_time since; /* it has been connected, or without connection */
	uint64_t connections;	/* made */
	uint64_t lost;		/* that ended by themselves */
	char last_error[BROKER_ERROR_BYTES]; /* escaped, perhaps cut; empty: none */
	struct wall_time last_error_at;
};

struct broker_health {
	pthread_mutex_t lock;
	struct broker_view view;
};

void broker_health_init(struct broker_health *h);
void broker_health_finish(struct broker_health *h);

/* `protocol` is a literal. */
void broker_health_connected(struct broker_health *h, const char *protocol);
/* The connection is over, by itself or by our will. */
void broker_health_ended(struct broker_health *h, bool by_itself);
/* An attempt or a connection has failed. */
void broker_health_failed(struct broker_health *h, const char *why);

struct broker_view broker_health_view(struct broker_health *h);

#endif
