/* SPDX-License-Identifier: MIT */
#include "gateway/intake/client.h"

#include <fcntl.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/clock.h"

enum { DRAIN_MS = 1000 };

struct mosquitto *client_create(const struct config *config, const struct broker_config *broker,
		enum client_protocol protocol, const struct client_will *will, void *owner,
		struct str *problem)
{
	struct mqtt_client_options options = { .client_id = config->client_id,
		.is_v5 = protocol == CLIENT_MQTT_5,
		.broker = &broker->url,
		.password = broker->password,
		.tls = broker->tls,
		.receive_maximum = (uint16_t)config->receive_maximum };
	struct mosquitto *m = mqtt_client_create(&options, owner, problem);
	int r;

	if (m == NULL)
		return NULL;
	/* Says that a thread of ours writes, so that nothing is written before we do. */
	r = mosquitto_threaded_set(m, true);
	if (r == MOSQ_ERR_SUCCESS)
		r = mosquitto_will_set(m, will->topic, (int)will->payload.len, will->payload.data,
				1, true);
	if (r == MOSQ_ERR_SUCCESS)
		return m;
	str_append_text(problem, mqtt_client_error(r));
	mosquitto_destroy(m);
	return NULL;
}

int client_connect(struct mosquitto *m, const struct config *config, const struct url *broker,
		enum client_protocol protocol)
{
	mosquitto_property *properties = NULL;
	int keepalive = (int)config->keepalive;
	int r = MOSQ_ERR_SUCCESS;

	if (protocol == CLIENT_MQTT_5) {
		r = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
				(uint32_t)config->session_expiry);
		if (r == MOSQ_ERR_SUCCESS)
			r = mosquitto_property_add_int32(&properties, MQTT_PROP_MAXIMUM_PACKET_SIZE,
					(uint32_t)config->max_packet_size);
	}
	/* Port 0 is a Unix socket. */
	if (r == MOSQ_ERR_SUCCESS)
		r = mosquitto_connect_bind_v5(
				m, broker->host, broker->port, keepalive, NULL, properties);
	mosquitto_property_free_all(&properties);
	return r;
}

int client_subscribe(struct mosquitto *m, const struct text_list *filters,
		enum client_protocol protocol, int *ret_packet)
{
	/* Retained messages only with a new subscription: after a mere reconnect they would be
	   old results coming back as fresh ones. */
	int options = protocol == CLIENT_MQTT_5 ? MQTT_SUB_OPT_SEND_RETAIN_NEW : 0;

	return mosquitto_subscribe_multiple(
			m, ret_packet, (int)filters->count, filters->texts, 1, options, NULL);
}

/* Read until the peer has closed, so that our close finds no unread input. */
static void drain(int fd)
{
	struct instant end = instant_after(instant_now(), milliseconds(DRAIN_MS));
	char sink[16384];

	shutdown(fd, SHUT_WR);
	for (;;) {
		struct duration left = instant_between(instant_now(), end);
		struct pollfd p = { fd, POLLIN, 0 };

		if (left.ns <= 0 || poll(&p, 1, (int)duration_milliseconds(left)) <= 0)
			return;
		if (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) <= 0)
			return;
	}
}

void client_disconnect(struct mosquitto *m)
{
	int fd = mosquitto_socket(m);

	/* libmosquitto closes its descriptor as soon as DISCONNECT is written; this one stays. */
	fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	mosquitto_disconnect(m);
	while (mosquitto_socket(m) >= 0 && mosquitto_want_write(m)) {
		struct pollfd p = { mosquitto_socket(m), POLLOUT, 0 };

		if (poll(&p, 1, DRAIN_MS) <= 0 || mosquitto_loop_write(m, 1) != MOSQ_ERR_SUCCESS)
			break;
	}
	if (fd >= 0) {
		drain(fd);
		close(fd);
	}
}
