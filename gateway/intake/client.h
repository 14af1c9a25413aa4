/* SPDX-License-Identifier: MIT */
/*
 * One libmosquitto instance for one connection attempt: options, credentials, TLS, will, session.
 * A new attempt makes a new instance, so that nothing an old connection left behind (half-read
 * packets, acknowledgements not written, states of TLS) can reach the next one.
 */
#ifndef GATEWAY_INTAKE_CLIENT_H
#define GATEWAY_INTAKE_CLIENT_H

#include "common/mqtt_client.h"
#include "gateway/rules/config.h"

enum client_protocol { CLIENT_MQTT_5, CLIENT_MQTT_311 };

struct client_will {
	const char *topic;
	struct span payload;
};

/*
 * Make an instance with the session kept at the broker, whose callbacks get `owner`. Returns NULL
 * and appends why to *problem.
 */
struct mosquitto *client_create(const struct config *config, const struct broker_config *broker,
		enum client_protocol protocol, const struct client_will *will, void *owner,
		struct str *problem);

/* Connect, blocking as long as the network does. A MOSQ_ERR_ value. */
int client_connect(struct mosquitto *m, const struct config *config, const struct url *broker,
		enum client_protocol protocol);

/* Subscribe to all filters at once with QoS 1. A MOSQ_ERR_ value. */
int client_subscribe(struct mosquitto *m, const struct text_list *filters,
		enum client_protocol protocol, int *ret_packet);

/*
 * Send DISCONNECT and close without losing what was written before it: closing a socket with
 * unread input makes the kernel throw away output that is still on its way, acknowledgements too.
 */
void client_disconnect(struct mosquitto *m);

#endif
