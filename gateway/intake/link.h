/* SPDX-License-Identifier: MIT */
/*
 * The connection to one broker: made, kept, lost and made again, with the session at the broker
 * outliving all of that. Speaks MQTT 5, and 3.1.1 with a broker that does not; subscribes with
 * each connect, publishes what the gateway itself has to say.
 *
 * Belongs to one thread, the intake's. Callbacks come from within link_read().
 */
#ifndef GATEWAY_INTAKE_LINK_H
#define GATEWAY_INTAKE_LINK_H

#include "common/backoff.h"
#include "common/tls_failure.h"
#include "gateway/intake/broker_health.h"
#include "gateway/intake/client.h"
#include "gateway/intake/in_flight.h"
#include "gateway/journal/journal.h"
#include "gateway/rules/counters.h"

struct link_events {
	/* A message was read; it is borrowed for the call. */
	void (*message)(void *owner, const struct mosquitto_message *message,
			const mosquitto_property *properties);
	/* The broker has accepted us. */
	void (*accepted)(void *owner);
	/* Append the will: what the status topic says when the connection breaks. */
	void (*will)(void *owner, struct str *into);
	void *owner;
};

struct link {
	const struct config *config;
	const struct broker_config *broker;
	struct journal *journal; /* remembers the subscriptions */
	struct counters *counters;
	struct link_events events;
	struct outbound *outbound; /* what to publish; borrowed */
	struct str name;	   /* "broker mqtt://...", for the log */
	struct str status_topic;
	struct str ask_topic; /* where questions come in */
	struct text_list filters;
	struct broker_health health; /* for other threads to read */

	struct mosquitto *client; /* NULL: no connection and no attempt at one */
	enum client_protocol protocol;
	_Atomic bool connected;	 /* CONNACK was received; read by other threads */
	bool lost;		 /* the connection is over; link_end() is due */
	struct instant retry_at; /* without a client: when to try again */
	_Atomic bool connecting; /* in a call that may block for long; read by other threads */

	/* Its own from here. */
	unsigned unheard; /* attempts that ended before any CONNACK */
	struct str why;	  /* what ended it, when known */
	struct tls_failure tls_failure;
	struct str said; /* the problem that the log knows */
	struct instant connected_at, connack_by;
	struct backoff backoff;
	uint64_t random; /* for waits */
	int subscribe_packet;
	struct in_flight in_flight;
};

void link_init(struct link *l, const struct config *config, size_t broker, struct journal *journal,
		struct counters *counters, struct outbound *outbound,
		const struct link_events *events);
void link_finish(struct link *l);

/* Start an attempt: the link has a client after it, or retry_at says when the next one is due. */
void link_connect(struct link *l);

/* Read one packet, or part of one, and call back. */
void link_read(struct link *l);
/* Write what is queued, acknowledgements included. */
void link_write(struct link *l);
/* Keep-alive and deadlines; about once a second. */
void link_tick(struct link *l, struct instant now);
/* Hand what is to be published to libmosquitto, as far as it may be in flight. */
void link_publish(struct link *l);
bool link_has_in_flight(const struct link *l);

/* Give up the connection, unwritten acknowledgements and all. link_end() is due. */
void link_break(struct link *l, const char *why);
/* After `lost`: say why, forget the client, set retry_at. */
void link_end(struct link *l);
/* Disconnect in order, without the will. */
void link_leave(struct link *l);

#endif
