/* SPDX-License-Identifier: MIT */
#include "gateway/intake/link.h"

#include <mqtt_protocol.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/hash.h"
#include "common/log.h"

enum {
	CONNACK_MS = 10000,
	LASTING_MS = 5000,
};

/* --- what is said -------------------------------------------------------------------------- */

/* Log a problem of the connection unless it is the one that was logged last. */
static void say_problem(struct link *l, const char *what, const char *why)
{
	struct str text = { 0 };

	str_printf(&text, "%s: %s", what, why);
	if (!span_equal(str_span(&text), str_span(&l->said)))
		log_warn("%s: %s; trying again", str_text(&l->name), str_text(&text));
	broker_health_failed(&l->health, str_text(&text));
	str_finish(&l->said);
	l->said = text;
}

/* Put what TLS failed of in the place of the library's word for it. */
static void explain_tls(struct link *l)
{
	const struct broker_config *b = l->broker;
	struct tls_failure_words words = { .peer = "the broker",
		.host = b->url.host,
		.trusted = b->trusted,
		.certfile = "certfile",
		.keyfile = "keyfile",
		.psk_file = b->has_psk ? "psk_file" : NULL,
		.plain = "mqtt://",
		.has_certificate = b->has_certificate };

	if (!tls_failure_known(&l->tls_failure))
		return;
	str_clear(&l->why);
	tls_failure_explain(&l->tls_failure, &words, &l->why);
}

/* --- subscriptions ------------------------------------------------------------------------- */

static bool list_has(const struct text_list *list, struct span text)
{
	for (size_t n = 0; n < list->count; n++) {
		if (span_equal_text(text, list->texts[n]))
			return true;
	}
	return false;
}

/*
 * A durable session still has the subscriptions of an earlier configuration; MQTT cannot be asked
 * for them, so the journal remembers them.
 */
static void drop_old_subscriptions(struct link *l)
{
	struct str note = { 0 }, old = { 0 }, wanted = { 0 };
	struct span rest;

	str_printf(&note, "subscriptions %s", str_text(&l->name));
	journal_note_get(l->journal, str_text(&note), &old);
	rest = str_span(&old);
	while (rest.data != NULL) {
		struct span filter = span_cut(&rest, '\n');
		AUTO_FREE char *text = span_dup_text(filter);

		if (filter.len == 0 || list_has(&l->filters, filter))
			continue;
		log_notice("%s: unsubscribing from %s, which no route names any more",
				str_text(&l->name), text);
		mosquitto_unsubscribe(l->client, NULL, text);
	}
	for (size_t n = 0; n < l->filters.count; n++)
		str_printf(&wanted, "%s%s", n > 0 ? "\n" : "", l->filters.texts[n]);
	if (!span_equal(str_span(&old), str_span(&wanted)))
		journal_note_put(l->journal, str_text(&note), str_span(&wanted));
	str_finish(&note);
	str_finish(&old);
	str_finish(&wanted);
}

/* --- callbacks of libmosquitto, on our thread ---------------------------------------------- */

static void on_accepted(struct link *l, bool session)
{
	const char *protocol = l->protocol == CLIENT_MQTT_5 ? "5" : "3.1.1";

	l->connected = true;
	l->unheard = 0;
	l->connected_at = instant_now();
	/* It formats a line for each packet, which nobody reads. */
	if (!log_enabled(LOG_TYPE_DEBUG))
		mosquitto_log_callback_set(l->client, NULL);
	str_clear(&l->said);
	count(l->counters, COUNT_CONNECTIONS, 1);
	broker_health_connected(&l->health, protocol);
	log_info("%s: connected with MQTT %s, %s session", str_text(&l->name), protocol,
			session ? "resumed" : "new");
	drop_old_subscriptions(l);
	client_subscribe(l->client, &l->filters, l->protocol, &l->subscribe_packet);
	l->events.accepted(l->events.owner);
}

/* One sentence for both versions, which are tried in turns: it is to be said once. */
static bool is_log_in_problem(enum client_protocol protocol, int result)
{
	return protocol == CLIENT_MQTT_5 ? result == MQTT_RC_BAD_USERNAME_OR_PASSWORD ||
							   result == MQTT_RC_NOT_AUTHORIZED
					 : result == 4 || result == 5;
}

static void on_connect(struct mosquitto *m, void *owner, int result, int flags,
		const mosquitto_property *properties)
{
	struct link *l = owner;
	const char *why = l->protocol == CLIENT_MQTT_5 ? mosquitto_reason_string(result)
						       : mosquitto_connack_string(result);

	(void)m;
	(void)properties;
	if (result == 0) {
		on_accepted(l, (flags & 1) != 0);
		return;
	}
	l->lost = true;
	/* 0x84 of MQTT 5, 1 of 3.1.1: unacceptable protocol version */
	if (l->protocol == CLIENT_MQTT_5 && (result == 0x84 || result == 1)) {
		log_info("%s: does not speak MQTT 5, taking 3.1.1", str_text(&l->name));
		l->protocol = CLIENT_MQTT_311;
		return;
	}
	str_clear(&l->why);
	if (is_log_in_problem(l->protocol, result))
		str_append_text(&l->why,
				"the broker does not let us in; check the user in `broker` and "
				"password_file");
	else
		str_printf(&l->why, "refuses the connection: %s", why);
}

static void on_disconnect(
		struct mosquitto *m, void *owner, int result, const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	(void)properties;
	if (!l->lost && l->why.len == 0 && result != 0)
		str_append_text(&l->why, result >= 0x80 ? mosquitto_reason_string(result)
							: mqtt_client_error(result));
	l->lost = true;
}

static void on_message(struct mosquitto *m, void *owner, const struct mosquitto_message *message,
		const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	l->events.message(l->events.owner, message, properties);
}

static void tell_grant(const struct link *l, const char *filter, int granted)
{
	if (granted >= 0x80 && strncmp(filter, "$share/", 7) == 0)
		log_warn("%s: refuses the subscription to %s (%s): where it has no shared "
			 "subscriptions remove `share`, and let one gateway take all",
				str_text(&l->name), filter, mosquitto_reason_string(granted));
	else if (granted >= 0x80)
		log_warn("%s: refuses the subscription to %s: %s", str_text(&l->name), filter,
				mosquitto_reason_string(granted));
	else if (granted == 0)
		log_warn("%s: grants only QoS 0 for %s: messages may be lost on the way",
				str_text(&l->name), filter);
}

static void on_subscribe(struct mosquitto *m, void *owner, int packet, int granted_count,
		const int *granted, const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	(void)properties;
	if (packet != l->subscribe_packet)
		return;
	for (int n = 0; n < granted_count && (size_t)n < l->filters.count; n++)
		tell_grant(l, l->filters.texts[n], granted[n]);
}

static void on_publish(struct mosquitto *m, void *owner, int packet, int reason,
		const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	(void)properties;
	in_flight_acknowledged(&l->in_flight, packet, reason, str_text(&l->name));
}

/* Why TLS failed is only told here. */
static void on_log(struct mosquitto *m, void *owner, int level, const char *text)
{
	struct link *l = owner;

	(void)m;
	if (level == MOSQ_LOG_ERR)
		tls_failure_add(&l->tls_failure, span_of_text(text));
	log_debug("%s: libmosquitto: %s", str_text(&l->name), text);
}

/* --- connecting ---------------------------------------------------------------------------- */

static void forget_connection(struct link *l)
{
	if (l->client != NULL)
		mosquitto_destroy(l->client);
	l->client = NULL;
	l->connected = false;
	l->lost = false;
	in_flight_drop(&l->in_flight);
}

static void set_callbacks(struct mosquitto *m)
{
	mosquitto_log_callback_set(m, on_log);
	mosquitto_connect_v5_callback_set(m, on_connect);
	mosquitto_disconnect_v5_callback_set(m, on_disconnect);
	mosquitto_message_v5_callback_set(m, on_message);
	mosquitto_subscribe_v5_callback_set(m, on_subscribe);
	mosquitto_publish_v5_callback_set(m, on_publish);
}

static void retry_later(struct link *l)
{
	struct instant now = instant_now();

	l->retry_at = instant_after(now, backoff_wait(&l->backoff, backoff_random(&l->random)));
}

void link_connect(struct link *l)
{
	struct client_will will = { .topic = str_text(&l->status_topic) };
	struct str text = { 0 };
	int r = MOSQ_ERR_NOMEM;

	str_clear(&l->why);
	l->tls_failure = (struct tls_failure){ 0 };
	l->events.will(l->events.owner, &text);
	will.payload = str_span(&text);
	/* A broker that closes without a word on MQTT 5 may speak 3.1.1 only, and the reverse. */
	if (l->unheard > 0 && l->unheard % 3 == 0)
		l->protocol = l->protocol == CLIENT_MQTT_5 ? CLIENT_MQTT_311 : CLIENT_MQTT_5;
	l->client = client_create(l->config, l->broker, l->protocol, &will, l, &l->why);
	str_finish(&text);
	if (l->client != NULL) {
		set_callbacks(l->client);
		l->connecting = true;
		r = client_connect(l->client, l->config, &l->broker->url, l->protocol);
		if (r != MOSQ_ERR_SUCCESS)
			str_append_text(&l->why, mqtt_client_error(r));
		l->connecting = false;
	}
	if (r != MOSQ_ERR_SUCCESS) {
		explain_tls(l);
		say_problem(l,
				tls_failure_known(&l->tls_failure) ? "no connection"
								   : "cannot be reached",
				str_text(&l->why));
		forget_connection(l);
		retry_later(l);
		return;
	}
	l->connack_by = instant_after(instant_now(), milliseconds(CONNACK_MS));
}

void link_end(struct link *l)
{
	const char *why = l->why.len > 0 ? str_text(&l->why) : "closed by the broker";
	bool was_connected = l->connected;

	broker_health_ended(&l->health, true);
	if (was_connected) {
		count(l->counters, COUNT_CONNECTIONS_LOST, 1);
		broker_health_failed(&l->health, why);
		log_warn("%s: connection lost: %s", str_text(&l->name), why);
	} else {
		explain_tls(l);
		if (l->why.len > 0)
			say_problem(l, "no connection", str_text(&l->why));
	}
	/* Only a connection that lasted starts the waits anew: not one that a second gateway of
	   the same client_id takes away at once. */
	if (was_connected &&
			instant_reached(instant_after(l->connected_at, milliseconds(LASTING_MS)),
					instant_now()))
		backoff_reset(&l->backoff);
	l->unheard = was_connected ? 0 : l->unheard + 1;
	forget_connection(l);
	retry_later(l);
}

void link_break(struct link *l, const char *why)
{
	str_clear(&l->why);
	str_append_text(&l->why, why);
	l->lost = true;
}

void link_leave(struct link *l)
{
	if (l->client != NULL && l->connected && !l->lost)
		client_disconnect(l->client);
	broker_health_ended(&l->health, false);
	forget_connection(l);
}

/* --- traffic ------------------------------------------------------------------------------- */

static void check(struct link *l, int result)
{
	if (result == MOSQ_ERR_SUCCESS)
		return;
	if (!l->lost && l->why.len == 0)
		str_append_text(&l->why, mqtt_client_error(result));
	l->lost = true;
}

void link_read(struct link *l)
{
	check(l, mosquitto_loop_read(l->client, 1));
}

void link_tick(struct link *l, struct instant now)
{
	check(l, mosquitto_loop_misc(l->client));
	if (!l->connected && !l->lost && instant_reached(l->connack_by, now))
		link_break(l, "the broker does not answer CONNECT");
}

void link_publish(struct link *l)
{
	if (l->connected)
		in_flight_fill(&l->in_flight, l->client, l->protocol, l->outbound);
}

bool link_has_in_flight(const struct link *l)
{
	return in_flight_any(&l->in_flight);
}

/* One segment instead of one per acknowledgement. */
static void cork(struct link *l, int on)
{
	int fd = mosquitto_socket(l->client);

	if (l->broker->url.scheme->port != 0 && fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

void link_write(struct link *l)
{
	if (!mosquitto_want_write(l->client))
		return;
	cork(l, 1);
	check(l, mosquitto_loop_write(l->client, 1));
	cork(l, 0);
}

/* --- life ---------------------------------------------------------------------------------- */

/* Two routes may have the same one; the broker is to send a message once. */
static void add_filter(struct link *l, const char *filter)
{
	struct str text = { 0 };

	if (l->broker->share != NULL)
		str_printf(&text, "$share/%s/", l->broker->share);
	str_append_text(&text, filter);
	if (!list_has(&l->filters, str_span(&text)))
		text_list_add(&l->filters, str_span(&text));
	str_finish(&text);
}

void link_init(struct link *l, const struct config *config, size_t broker, struct journal *journal,
		struct counters *counters, struct outbound *outbound,
		const struct link_events *events)
{
	*l = (struct link){ .config = config,
		.broker = &config->brokers[broker],
		.journal = journal,
		.counters = counters,
		.outbound = outbound,
		.in_flight.counters = counters,
		.events = *events };
	l->backoff = (struct backoff){ .first = milliseconds(200), .most = seconds(2) };
	l->random = hash_seed();
	broker_health_init(&l->health);
	str_append_text(&l->name, "broker ");
	url_format(&l->broker->url, &l->name);
	str_printf(&l->status_topic, "belfry/gateway/%s", config->client_id);
	str_printf(&l->ask_topic, "belfry/gateway/%s/ask", config->client_id);
	for (size_t r = 0; r < config->route_count; r++) {
		const struct text_list *filters = &config->routes[r].filters;

		for (size_t f = 0; f < filters->count; f++)
			add_filter(l, filters->texts[f]);
	}
	text_list_add(&l->filters, str_span(&l->ask_topic));
	if (l->broker->tls != NULL)
		tls_failure_watch(l->broker->tls, &l->tls_failure);
}

void link_finish(struct link *l)
{
	forget_connection(l);
	if (l->broker->tls != NULL)
		tls_failure_watch(l->broker->tls, NULL);
	text_list_finish(&l->filters);
	str_finish(&l->name);
	str_finish(&l->status_topic);
	str_finish(&l->ask_topic);
	str_finish(&l->why);
	str_finish(&l->said);
	broker_health_finish(&l->health);
}
