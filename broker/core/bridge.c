/* SPDX-License-Identifier: MIT */
#include "broker/core/bridge.h"

#include <assert.h>

#include "broker/core/access.h"
#include "broker/core/lifecycle.h"
#include "broker/core/router.h"
#include "broker/mqtt/client_packets.h"
#include "common/mem.h"

static struct session *find_session(const struct bridge *b)
{
	return session_table_find(&b->shard->sessions, span_of_text(b->options.local_client_id));
}

/* --- notifications -------------------------------------------------------------------------- */

static struct message *notification(const struct bridge *b, const char *state, bool retain)
{
	return message_create(span_of_text(b->options.notification_topic), NULL,
			span_of_text(state), 1, retain, (struct instant){ 0 });
}

static void notify_here(struct bridge *b, const char *state, struct instant now)
{
	struct message *m;

	if (b->options.notification_topic == NULL)
		return;
	m = notification(b, state, b->shard->limits->retain_available);
	router_publish(b->shard, find_session(b), m, NULL, now);
	message_unref(m);
}

/* The first message on a connection, which any receive maximum has room for. */
static void notify_there(struct bridge *b, struct instant now)
{
	struct delivery d = { .qos = 1, .retain = true };

	if (b->options.notification_topic == NULL || b->options.notifies_local_only)
		return;
	d.message = notification(b, "1", true);
	message_count(d.message, &b->shard->budget.messages);
	router_send_ahead(b->client, d, now);
}

/* --- the session here ----------------------------------------------------------------------- */

/* Filters that are gone from the configuration are gone from the session. */
static void subscribe_here(struct bridge *b, struct session *s, bool with_retained)
{
	const struct bridge_topics *topics = b->options.topics;
	struct topic_tree *tree = &b->shard->topics;

	for (const struct subscription *sub = s->subscriptions; sub != NULL;
			sub = sub->next_of_session)
		ledger_unsubscribed(&b->shard->ledger, sub);
	topic_tree_remove_all(tree, &s->subscriptions);
	for (size_t i = 0; i < topics->count; i++) {
		const struct bridge_topic *t = &topics->topics[i];
		struct subscribe_options options = { .group = { NULL, 0 },
			.qos = t->qos,
			.no_local = true,
			.retain_as_published = true,
			.retain_handling = with_retained ? 0 : 2 };

		if (b->client != NULL && t->qos > b->client->max_qos)
			options.qos = b->client->max_qos;
		if (!(t->direction & BRIDGE_OUT))
			continue;
		topic_tree_subscribe(tree, s, &s->subscriptions, span_of_text(t->local_filter),
				&options);
		ledger_subscribed(&b->shard->ledger,
				topic_tree_find(tree, s->subscriptions, options.group,
						span_of_text(t->local_filter)));
	}
}

static struct session *open_session(struct bridge *b, bool clean_start, struct instant now)
{
	struct span username = { NULL, 0 };
	struct session *s;
	bool present;

	if (b->options.local_username != NULL)
		username = span_of_text(b->options.local_username);
	s = lifecycle_session_open(b->shard, span_of_text(b->options.local_client_id), clean_start,
			now, &present);
	access_assign(b->shard, s, username, b->policy);
	s->bridge = b;
	s->awaits_bridge = false;
	s->keeps_qos0 = b->options.is_lazy;
	s->expiry_interval = b->options.local_clean_start ? 0 : MQTT_EXPIRY_NEVER;
	ledger_session_opened(&b->shard->ledger, s, !b->options.local_clean_start);
	return s;
}

/* --- life ----------------------------------------------------------------------------------- */

struct bridge *bridge_create(struct shard *shard, const struct bridge_options *options,
		const struct bridge_port *port, struct policy *policy, struct instant now)
{
	struct bridge *b = xcalloc(1, sizeof(*b));

	b->shard = shard;
	b->policy = policy_ref(policy);
	b->options = *options;
	b->port = *port;
	b->pinged = INSTANT_NEVER;
	b->will_qos = 1;
	b->has_will_retain = options->outgoing_retain;
	b->requests = xcalloc(options->topics->count + 1, sizeof(*b->requests));
	if (!options->local_clean_start)
		subscribe_here(b, open_session(b, false, now), false);
	notify_here(b, "0", now);
	return b;
}

void bridge_destroy(struct bridge *b, bool ends_session, struct instant now)
{
	struct session *s;

	if (b == NULL)
		return;
	bridge_close(b, now);
	s = find_session(b);
	if (s != NULL && s->bridge == b) {
		s->bridge = NULL;
		if (ends_session)
			lifecycle_session_end(b->shard, s, now);
	}
	policy_unref(b->policy);
	str_finish(&b->mapped);
	free(b->requests);
	free(b);
}

void bridge_change_policy(struct bridge *b, struct policy *policy)
{
	lifecycle_change_policy(b->shard, b->policy, policy);
	policy_move(&b->policy, policy);
	if (b->client != NULL)
		client_change_policy(b->client, policy);
}

void bridge_close(struct bridge *b, struct instant now)
{
	if (b->client != NULL)
		client_close(b->client, MQTT_NORMAL_DISCONNECTION, now);
}

size_t bridge_waiting(const struct bridge *b)
{
	const struct session *s = find_session(b);

	return s != NULL ? s->outbox.count : 0;
}

bool bridge_is_idle(const struct bridge *b)
{
	const struct session *s = find_session(b);

	return s == NULL || (s->outbox.count == 0 && s->inflight.count == 0 &&
					    s->received.count == 0 && s->awaiting.first == NULL);
}

/* --- the connection ------------------------------------------------------------------------- */

static void property_write_some(struct writer *w, enum property_id id, uint32_t value)
{
	if (value > 0)
		property_write_number(w, id, value);
}

/* What this broker takes at a time of messages that it has not acknowledged; 0: no limit. */
static uint16_t receive_maximum(const struct bridge *b)
{
	uint64_t ours = b->shard->limits->max_inflight_messages;

	if (b->options.receive_maximum > 0)
		return b->options.receive_maximum;
	return ours < UINT16_MAX ? (uint16_t)ours : 0;
}

static struct span connect_properties(const struct bridge *b, struct writer *w)
{
	uint32_t expiry = b->options.session_expiry;

	if (b->options.version != MQTT_5)
		return (struct span){ NULL, 0 };
	if (expiry == 0 && !b->options.clean_start)
		expiry = MQTT_EXPIRY_NEVER;
	property_write_some(w, PROPERTY_SESSION_EXPIRY_INTERVAL, expiry);
	property_write_some(w, PROPERTY_RECEIVE_MAXIMUM, receive_maximum(b));
	property_write_some(w, PROPERTY_MAXIMUM_PACKET_SIZE,
			(uint32_t)b->shard->limits->max_packet_size);
	property_write_some(w, PROPERTY_TOPIC_ALIAS_MAXIMUM, b->policy->max_topic_alias);
	return writer_span(w);
}

static struct span optional(const char *text)
{
	return text != NULL ? span_of_text(text) : (struct span){ NULL, 0 };
}

static void send_connect(struct bridge *b, struct client *c)
{
	const struct bridge_options *o = &b->options;
	uint8_t properties[64];
	struct writer p = writer_of(properties, sizeof(properties));
	struct connect_form form = { .version = o->version,
		.clean_start = o->clean_start,
		.is_bridge = o->try_private && !b->is_mark_refused,
		.keep_alive = o->keep_alive,
		.properties = connect_properties(b, &p),
		.client_id = span_of_text(o->remote_client_id),
		.will_payload = span_of_text("0"),
		.will_qos = b->will_qos,
		.will_retain = b->has_will_retain,
		.user_name = optional(o->remote_username),
		.password = optional(o->remote_password) };
	size_t size;
	struct writer w;

	if (!o->notifies_local_only)
		form.will_topic = optional(o->notification_topic);
	size = connect_size(&form);
	w = writer_of(client_reserve(c, PACKET_CONNECT, size, 0), size);
	encode_connect(&w, &form);
	assert(!writer_failed(&w));
}

static void expect_answer(struct bridge *b, struct instant now)
{
	timer_set(&b->shard->timers, &b->client->timer,
			instant_after(now, seconds(BRIDGE_ANSWER_SECONDS)));
}

struct client *bridge_open(struct bridge *b, void *connection, struct instant now)
{
	struct client *c = client_create(b->shard, connection, b->policy, now);

	assert(b->client == NULL);
	c->bridge = b;
	c->version = (uint8_t)b->options.version;
	c->receive_maximum = receive_maximum(b);
	b->client = c;
	b->state = BRIDGE_CONNECTING;
	b->how_it_ends = BRIDGE_LOST;
	b->last_message = now;
	b->pinged = INSTANT_NEVER;
	expect_answer(b, now);
	send_connect(b, c);
	return c;
}

void bridge_client_leaves(struct client *c, enum mqtt_reason reason, struct instant now)
{
	struct bridge *b = c->bridge;
	bool was_up = b->state == BRIDGE_UP;

	c->bridge = NULL;
	b->client = NULL;
	b->state = BRIDGE_AWAY;
	if (was_up)
		notify_here(b, "0", now);
	b->port.down(b->port.owner, b->how_it_ends, reason);
}

enum mqtt_reason bridge_disconnect_reason(enum mqtt_reason reason)
{
	static const uint8_t clients[] = { MQTT_UNSPECIFIED_ERROR, MQTT_MALFORMED_PACKET,
		MQTT_PROTOCOL_ERROR, MQTT_IMPLEMENTATION_SPECIFIC_ERROR, MQTT_TOPIC_NAME_INVALID,
		MQTT_RECEIVE_MAXIMUM_EXCEEDED, MQTT_TOPIC_ALIAS_INVALID, MQTT_PACKET_TOO_LARGE,
		MQTT_QUOTA_EXCEEDED };

	return memchr(clients, (int)reason, sizeof(clients)) != NULL ? reason
								     : MQTT_DISCONNECT_WITH_WILL;
}

/* --- subscriptions there -------------------------------------------------------------------- */

/* No message is sent before the answers are in, so only what is in flight from before matters. */
static uint16_t free_packet_id(struct bridge *b, uint16_t after)
{
	do
		after = after > 1 ? (uint16_t)(after - 1) : UINT16_MAX;
	while (inflight_find(&b->client->session->inflight, after) != NULL);
	return after;
}

static void ask(struct bridge *b, enum packet_type type, const struct bridge_topic *t,
		uint16_t packet_id)
{
	struct span filter = span_of_text(t->remote_filter);
	struct client *c = b->client;
	size_t size = subscribe_size(type, c->version, filter);
	uint8_t options = t->qos < c->max_qos ? t->qos : c->max_qos;
	struct writer w;

	if (size > c->max_packet_size) {
		b->port.refused_topic(b->port.owner, filter, MQTT_PACKET_TOO_LARGE);
		return;
	}
	if (c->version == MQTT_5 && !span_starts_with(filter, (struct span)SPAN("$share/")))
		options |= SUBSCRIBE_NO_LOCAL; /* [v5 MQTT-3.8.3-4] */
	if (c->version == MQTT_5)
		options |= SUBSCRIBE_RETAIN_AS_PUBLISHED;
	w = writer_of(client_reserve(c, type, size, 0), size);
	encode_subscribe(&w, type, c->version, packet_id, filter, options);
	b->requests[b->request_count++] = (struct bridge_request){ packet_id, t->remote_filter };
	b->unanswered++;
}

/* Passed out only, by this line and by all others of that name there. */
static bool is_out_only(const struct bridge_topics *topics, const struct bridge_topic *t)
{
	for (size_t i = 0; i < topics->count; i++) {
		const struct bridge_topic *other = &topics->topics[i];

		if ((other->direction & BRIDGE_IN) != 0 &&
				strcmp(other->remote_filter, t->remote_filter) == 0)
			return false;
	}
	return true;
}

static void subscribe_there(struct bridge *b)
{
	const struct bridge_topics *topics = b->options.topics;
	uint16_t packet_id = 0;

	b->request_count = b->unanswered = 0;
	for (size_t i = 0; i < topics->count; i++) {
		const struct bridge_topic *t = &topics->topics[i];

		if ((t->direction & BRIDGE_IN) == 0 &&
				(!b->options.attempt_unsubscribe || !is_out_only(topics, t)))
			continue;
		packet_id = free_packet_id(b, packet_id);
		ask(b, t->direction & BRIDGE_IN ? PACKET_SUBSCRIBE : PACKET_UNSUBSCRIBE, t,
				packet_id);
	}
}

static void plan_ping(struct bridge *b, struct instant now)
{
	uint16_t keep_alive = b->client->keep_alive;

	b->pinged = INSTANT_NEVER;
	timer_set(&b->shard->timers, &b->client->timer,
			keep_alive > 0 ? instant_after(now, seconds(keep_alive)) : INSTANT_NEVER);
}

static void go_up(struct bridge *b, bool session_present, struct instant now)
{
	struct client *c = b->client;

	b->state = BRIDGE_UP;
	c->max_inflight = b->window;
	plan_ping(b, now);
	b->port.up(b->port.owner, session_present);
	notify_there(b, now);
	notify_here(b, "1", now);
	router_pump(c, now);
}

static void forget_received(struct bridge *b, struct session *s)
{
	packet_ids_finish(&s->received);
	ledger_session_changed(&b->shard->ledger, s, SESSION_CHANGED_RECEIVED);
}

void bridge_accepted(struct bridge *b, bool session_present, struct instant now)
{
	struct client *c = b->client;
	struct shard *shard = b->shard;

	c->session = open_session(b, b->options.local_clean_start, now);
	c->session->client = c;
	c->state = CLIENT_CONNECTED;
	if (++shard->connected > shard->most_connected)
		shard->most_connected = shard->connected;
	/* What the other broker has under way is gone with its session. A 3.1 one cannot say. */
	if (!session_present && (c->version != MQTT_3_1 || b->options.clean_start))
		forget_received(b, c->session);
	b->window = c->max_inflight;
	c->max_inflight = 0;
	b->state = BRIDGE_SUBSCRIBING;
	b->is_session_present = session_present;
	expect_answer(b, now);
	subscribe_there(b);
	subscribe_here(b, c->session, true);
	router_resume(c, now);
	if (b->unanswered == 0)
		go_up(b, session_present, now);
}

void bridge_learn_refusal(struct bridge *b, enum mqtt_reason reason)
{
	b->how_it_ends = BRIDGE_REFUSED;
	if (reason == MQTT_UNSUPPORTED_PROTOCOL_VERSION && b->options.try_private)
		b->is_mark_refused = true;
	else if (reason == MQTT_RETAIN_NOT_SUPPORTED)
		b->has_will_retain = false;
	else if (reason == MQTT_QOS_NOT_SUPPORTED)
		b->will_qos = 0;
}

bool bridge_answered(
		struct bridge *b, uint16_t packet_id, enum mqtt_reason reason, struct instant now)
{
	for (size_t i = 0; i < b->request_count; i++) {
		struct bridge_request *r = &b->requests[i];

		if (r->packet_id != packet_id || r->filter == NULL)
			continue;
		if (mqtt_reason_is_failure(reason))
			b->port.refused_topic(b->port.owner, span_of_text(r->filter), reason);
		r->filter = NULL;
		if (--b->unanswered == 0)
			go_up(b, b->is_session_present, now);
		return true;
	}
	return false;
}

/* --- time ----------------------------------------------------------------------------------- */

static void ping(struct bridge *b, struct instant now)
{
	struct client *c = b->client;
	struct writer w = writer_of(client_reserve(c, PACKET_PINGREQ, 2, 0), 2);

	encode_pingreq(&w);
	b->pinged = now;
	timer_set(&b->shard->timers, &c->timer, instant_after(now, seconds(c->keep_alive)));
}

/*
 * A ping goes out once in each keep-alive, whatever else does: nothing else asks for an answer.
 * Anything that came since the last one shows that the other broker is there.
 */
void bridge_timeout(struct client *c, struct instant now)
{
	struct bridge *b = c->bridge;

	if (b->state == BRIDGE_UP && (b->pinged.ns == INSTANT_NEVER.ns ||
						     !instant_before(c->last_heard, b->pinged))) {
		ping(b, now);
		return;
	}
	client_close(c, MQTT_KEEP_ALIVE_TIMEOUT, now);
}

/* --- messages ------------------------------------------------------------------------------- */

void bridge_queued(struct bridge *b, const struct session *s)
{
	if (b->state == BRIDGE_AWAY && b->options.is_lazy &&
			s->outbox.count >= b->options.threshold)
		b->port.wanted(b->port.owner);
}

bool bridge_is_state(const struct bridge *b, struct span topic)
{
	return b->options.notification_topic != NULL &&
	       span_equal_text(topic, b->options.notification_topic);
}

struct span bridge_map_out(struct bridge *b, struct span topic, struct instant now)
{
	if (bridge_is_state(b, topic))
		return topic;
	b->last_message = now;
	str_clear(&b->mapped);
	if (!bridge_topics_map_out(b->options.topics, topic, &b->mapped))
		return (struct span){ NULL, 0 };
	return str_span(&b->mapped);
}

struct span bridge_map_in(struct bridge *b, struct span topic, struct instant now)
{
	b->last_message = now;
	str_clear(&b->mapped);
	if (!bridge_topics_map_in(b->options.topics, topic, &b->mapped))
		return (struct span){ NULL, 0 };
	return str_span(&b->mapped);
}
