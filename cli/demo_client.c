/* SPDX-License-Identifier: MIT */
#include "cli/demo_client.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "common/mem.h"

struct demo_client {
	struct mosquitto *mosquitto;
	demo_client_message *message;
	void *owner;
	unsigned granted;
};

static const struct {
	const char *filter;
	int options;
} subscriptions[] = {
	{ "nagios/#", MQTT_SUB_OPT_NO_LOCAL },
	{ "belfry/gateway/#", 0 },
	{ "belfry/reject/#", 0 },
};

static void on_connect(struct mosquitto *m, void *owner, int code, int flags,
		const mosquitto_property *properties)
{
	(void)owner;
	(void)flags;
	(void)properties;
	for (size_t i = 0; code == 0 && i < array_size(subscriptions); i++)
		mosquitto_subscribe_v5(m, NULL, subscriptions[i].filter, 1,
				subscriptions[i].options, NULL);
}

static void on_subscribe(struct mosquitto *m, void *owner, int packet, int count,
		const int *granted, const mosquitto_property *properties)
{
	struct demo_client *c = owner;

	(void)m;
	(void)packet;
	(void)properties;
	if (count > 0 && granted[0] < 0x80)
		c->granted++;
}

static void on_message(struct mosquitto *m, void *owner, const struct mosquitto_message *message,
		const mosquitto_property *properties)
{
	struct demo_client *c = owner;

	(void)m;
	(void)properties;
	c->message(c->owner, span_of_text(message->topic),
			span_of(message->payload, (size_t)message->payloadlen));
}

struct demo_client *demo_client_open(uint16_t port, demo_client_message *message, void *owner)
{
	struct demo_client *c = xcalloc(1, sizeof(*c));

	mosquitto_lib_init();
	*c = (struct demo_client){ .message = message, .owner = owner };
	c->mosquitto = mosquitto_new("belfry-demo", true, c);
	if (c->mosquitto != NULL) {
		mosquitto_int_option(c->mosquitto, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
		mosquitto_int_option(c->mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
		mosquitto_connect_v5_callback_set(c->mosquitto, on_connect);
		mosquitto_subscribe_v5_callback_set(c->mosquitto, on_subscribe);
		mosquitto_message_v5_callback_set(c->mosquitto, on_message);
		if (mosquitto_connect(c->mosquitto, "127.0.0.1", port, 60) == MOSQ_ERR_SUCCESS)
			return c;
	}
	demo_client_close(c);
	return NULL;
}

void demo_client_close(struct demo_client *c)
{
	if (c == NULL)
		return;
	if (c->mosquitto != NULL) {
		mosquitto_disconnect(c->mosquitto);
		mosquitto_destroy(c->mosquitto);
	}
	mosquitto_lib_cleanup();
	free(c);
}

bool demo_client_is_ready(const struct demo_client *c)
{
	return c != NULL && c->granted == array_size(subscriptions);
}

struct pollfd demo_client_interest(const struct demo_client *c)
{
	if (c == NULL)
		return (struct pollfd){ .fd = -1 };
	return (struct pollfd){ mosquitto_socket(c->mosquitto),
		(short)(POLLIN | (mosquitto_want_write(c->mosquitto) ? POLLOUT : 0)), 0 };
}

void demo_client_turn(struct demo_client *c, short events)
{
	if (c == NULL)
		return;
	if (events & (POLLIN | POLLHUP | POLLERR))
		mosquitto_loop_read(c->mosquitto, 100);
	if (events & POLLOUT)
		mosquitto_loop_write(c->mosquitto, 1);
	mosquitto_loop_misc(c->mosquitto);
}

bool demo_client_publish(struct demo_client *c, const char *topic, struct span payload)
{
	return c != NULL && mosquitto_publish_v5(c->mosquitto, NULL, topic, (int)payload.len,
					    payload.data, 1, false, NULL) == MOSQ_ERR_SUCCESS;
}
