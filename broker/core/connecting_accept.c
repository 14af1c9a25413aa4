/* SPDX-License-Identifier: MIT */
#include "broker/core/access.h"
#include "broker/core/connecting.h"
#include "broker/core/lifecycle.h"
#include "broker/core/publisher.h"
#include "broker/core/router.h"
#include "broker/core/withheld.h"

static void set_will(const struct connecting *k, struct session *s)
{
	const struct will_packet *will = &k->packet->will;

	if (!k->packet->has_will)
		return;
	/* Its expiry interval begins when it is published (v5 3.1.3.2.4): until then `expires`
	   counts from 0. */
	s->will.message = message_create_of(publisher_properties(k->client),
			connecting_will_topic(k), &will->properties, will->payload, will->qos,
			will->retain, (struct instant){ 0 });
	message_count(s->will.message, &k->client->shard->budget.messages);
	s->will.delay = property_number(&will->properties, PROPERTY_WILL_DELAY_INTERVAL, 0);
}

static uint32_t session_expiry(const struct connect_packet *packet)
{
	if (packet->version == MQTT_5)
		return property_number(&packet->properties, PROPERTY_SESSION_EXPIRY_INTERVAL, 0);
	return packet->clean_start ? 0 : MQTT_EXPIRY_NEVER;
}

bool connecting_needs_store(const struct connecting *k)
{
	const struct shard *shard = k->client->shard;
	const struct session *s = session_table_find(&shard->sessions, k->client_id);
	bool was_there = s != NULL && s->expiry_interval > 0;

	if (was_there && !k->packet->clean_start)
		return ledger_session_is_new(&shard->ledger, s);
	return was_there || session_expiry(k->packet) > 0;
}

/* How many unacknowledged PUBLISH packets the client gets at a time. */
static uint32_t window(const struct limits *limits, const struct connect_packet *packet)
{
	uint32_t ours = limits->max_inflight_messages > 0 &&
							limits->max_inflight_messages < UINT16_MAX
					? (uint32_t)limits->max_inflight_messages
					: UINT16_MAX;

	/* What a client of version 5 asks for, it gets, as from Mosquitto. */
	return property_number(&packet->properties, PROPERTY_RECEIVE_MAXIMUM, ours);
}

static uint16_t aliases_taken(const struct policy *policy, const struct connect_packet *packet)
{
	uint32_t wanted = property_number(&packet->properties, PROPERTY_TOPIC_ALIAS_MAXIMUM, 0);

	return wanted < policy->max_topic_alias_broker ? (uint16_t)wanted
						       : policy->max_topic_alias_broker;
}

/*
 * A new session that is to last is promised when it is on disk, and so is the end of an old one.
 * `has_ended`: there was one.
 */
static void note_session(struct shard *shard, struct client *c, bool has_ended)
{
	ledger_session_opened(&shard->ledger, c->session, lifecycle_is_durable(shard, c->session));
	if (shard->ledger.is_failing)
		return; /* a promise would have been refused: connecting_needs_store() */
	if (has_ended || (c->session->is_durable &&
					 ledger_session_is_new(&shard->ledger, c->session)))
		c->withhold = WITHHOLD_IN_ORDER;
}

void connecting_accept(struct connecting *k, struct span announced)
{
	struct client *c = k->client;
	const struct connect_packet *packet = k->packet;
	struct shard *shard = c->shard;
	bool present;

	c->session = lifecycle_session_open(
			shard, k->client_id, packet->clean_start, k->now, &present);
	c->session->client = c;
	if (++shard->connected > shard->most_connected)
		shard->most_connected = shard->connected;
	access_assign(shard, c->session, k->username, c->policy);
	c->sees_publishers = publisher_is_told(c->session);
	c->session->expiry_interval = session_expiry(packet);
	set_will(k, c->session);
	note_session(shard, c, !present && ledger_has_promised(&shard->ledger));
	c->state = CLIENT_CONNECTED;
	c->is_bridge = packet->is_bridge;
	c->max_inflight = window(shard->limits, packet);
	c->sent_aliases.max = aliases_taken(c->policy, packet);
	c->keep_alive = (uint16_t)k->keep_alive;
	client_watch_keep_alive(c, k->now);
	shard->counters.connects_accepted++;
	if (shard->observer.connected != NULL)
		shard->observer.connected(shard->observer.owner, c, present);
	connecting_send_connack(c, MQTT_SUCCESS, present, announced);
	if (c->withheld != NULL)
		c->withheld->connack = shard->ledger.open->number;
	router_resume(c, k->now);
}
