/* SPDX-License-Identifier: MIT */
#include "broker/observe.h"

#include "broker/io/connection.h"
#include "common/log.h"

static const char *version_name(const struct client *c)
{
	return c->version == MQTT_5 ? "5.0" : c->version == MQTT_3_1_1 ? "3.1.1" : "3.1";
}

static char *escaped(struct span text)
{
	struct str s = { 0 };

	str_append_escaped(&s, text);
	return str_take(&s);
}

static void on_connected(void *owner, const struct client *c, bool session_present)
{
	char peer[CONNECTION_PEER];
	AUTO_FREE char *id = NULL;
	AUTO_FREE char *username = NULL;

	(void)owner;
	if (!log_enabled(LOG_TYPE_NOTICE))
		return;
	id = escaped(session_id(c->session));
	username = escaped(session_username(c->session));
	log_notice("New client connected from %s as %s (MQTT %s, k%u%s%s%s%s)",
			connection_peer(c->connection, peer), id, version_name(c), c->keep_alive,
			c->session->username != NULL ? ", u'" : "", username,
			c->session->username != NULL ? "'" : "",
			session_present ? ", session present" : "");
}

static void on_refused(
		void *owner, const struct client *c, struct span client_id, enum mqtt_reason reason)
{
	char peer[CONNECTION_PEER];
	AUTO_FREE char *id = escaped(client_id);

	(void)owner;
	log_notice("Client %s from %s refused: %s", id, connection_peer(c->connection, peer),
			mqtt_reason_text(reason));
}

static void on_closed(void *owner, const struct client *c)
{
	AUTO_FREE char *id = NULL;

	(void)owner;
	if (!log_enabled(LOG_TYPE_NOTICE) || c->session == NULL)
		return;
	id = escaped(session_id(c->session));
	if (c->closed_by_peer)
		log_notice("Client %s disconnected.", id);
	else if (c->close_reason == MQTT_UNSPECIFIED_ERROR)
		log_notice("Client %s closed its connection.", id);
	else
		log_notice("Client %s disconnected: %s", id, mqtt_reason_text(c->close_reason));
}

static void on_subscribed(void *owner, const struct client *c, struct span filter, uint8_t code)
{
	AUTO_FREE char *id = NULL;
	AUTO_FREE char *text = NULL;

	(void)owner;
	if (!log_enabled(LOG_TYPE_SUBSCRIBE))
		return;
	id = escaped(session_id(c->session));
	text = escaped(filter);
	if (code < 0x80)
		log_line(LOG_TYPE_SUBSCRIBE, "%s %u %s", id, code, text);
	else
		log_line(LOG_TYPE_SUBSCRIBE, "%s %s: %s", id, text,
				mqtt_reason_text((enum mqtt_reason)code));
}

static void on_unsubscribed(void *owner, const struct client *c, struct span filter)
{
	AUTO_FREE char *id = NULL;
	AUTO_FREE char *text = NULL;

	(void)owner;
	if (!log_enabled(LOG_TYPE_UNSUBSCRIBE))
		return;
	id = escaped(session_id(c->session));
	text = escaped(filter);
	log_line(LOG_TYPE_UNSUBSCRIBE, "%s %s", id, text);
}

static void on_dropped(void *owner, const struct session *s)
{
	AUTO_FREE char *id = escaped(session_id(s));

	(void)owner;
	log_notice("Outgoing messages are being dropped for client %s: its queue is full "
		   "(max_queued_messages, max_queued_bytes)",
			id);
}

/* The first of each client is for the operator, the rest for who looks for them. */
static void on_denied(void *owner, struct span client_id, enum denial what, struct span topic,
		bool is_first)
{
	static const char *const verbs[] = {
		[DENIED_PUBLISH] = "publish to",
		[DENIED_WILL] = "have a will for",
		[DENIED_SUBSCRIBE] = "subscribe to",
	};
	enum log_type type = is_first ? LOG_TYPE_NOTICE : LOG_TYPE_DEBUG;
	AUTO_FREE char *id = NULL;
	AUTO_FREE char *text = NULL;

	(void)owner;
	if (!log_enabled(type))
		return;
	id = escaped(client_id);
	text = escaped(topic);
	log_line(type, "Client %s may not %s %s%s", id, verbs[what], text,
			is_first ? "; more of it is logged as debug" : "");
}

static void on_packet(void *owner, const struct client *c, enum packet_type type, size_t size,
		bool is_sent)
{
	char peer[CONNECTION_PEER];
	AUTO_FREE char *id = escaped(
			c->session != NULL ? session_id(c->session) : (struct span){ NULL, 0 });

	(void)owner;
	log_debug("%s %s (%zu bytes) %s %s %s", is_sent ? "Sending" : "Received",
			packet_type_name(type), size, is_sent ? "to" : "from", id,
			connection_peer(c->connection, peer));
}

struct core_observer observe_core(bool connections, bool packets)
{
	return (struct core_observer){
		.connected = connections ? on_connected : NULL,
		.refused = connections ? on_refused : NULL,
		.closed = connections ? on_closed : NULL,
		.subscribed = on_subscribed,
		.unsubscribed = on_unsubscribed,
		.dropped = on_dropped,
		.denied = on_denied,
		.packet = packets ? on_packet : NULL,
	};
}
