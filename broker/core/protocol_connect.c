/* SPDX-License-Identifier: MIT */
/*
 * CONNECT, DISCONNECT, AUTH and PINGREQ: the connection itself.
 */
#include "broker/core/connecting.h"
#include "broker/core/lifecycle.h"
#include "broker/core/protocol.h"
#include "broker/mqtt/encode.h"

/* Is it who it says? Mosquitto's rule: a user name that is sent must be right, whatever else. */
static enum verdict identify(const struct connecting *k)
{
	struct client *c = k->client;
	const struct authenticator *a = &c->shard->authenticator;

	if (c->identity != NULL)
		return VERDICT_ALLOW;
	if (k->username.data == NULL || c->policy->passwords == NULL)
		return c->policy->allow_anonymous ? VERDICT_ALLOW : VERDICT_DENY;
	if (a->verify == NULL)
		return VERDICT_DENY;
	return a->verify(a->owner, c, k->username, k->packet->password);
}

/* No packet is longer than the length field says, even if more is announced or nothing. */
static uint32_t largest_taken(const struct connect_packet *packet)
{
	const uint32_t largest = MAX_REMAINING_LENGTH + MAX_FIXED_HEADER;
	uint32_t wanted =
			property_number(&packet->properties, PROPERTY_MAXIMUM_PACKET_SIZE, largest);

	return wanted < largest ? wanted : largest;
}

static enum mqtt_reason refuse_room(struct client *c, enum mqtt_reason reason)
{
	if (reason == MQTT_CLIENT_IDENTIFIER_NOT_VALID) {
		client_explain(c, "a bridge of this broker has that client identifier");
		return reason;
	}
	c->shard->counters.refused_sessions++;
	client_explain(c, reason == MQTT_SERVER_BUSY ? "global_max_clients is reached"
						     : "memory_limit is reached");
	return reason;
}

/* Who may connect can only do so if there is room for it, and for what it has to be told. */
static enum mqtt_reason check_room(const struct connecting *k, struct span announced)
{
	enum mqtt_reason reason = lifecycle_check_room(k->client->shard, k->client_id);

	if (reason != MQTT_SUCCESS)
		return refuse_room(k->client, reason);
	if (k->client->shard->ledger.is_failing && connecting_needs_store(k)) {
		k->client->shard->counters.refused_store++;
		client_explain(k->client, "the store cannot take more");
		return MQTT_QUOTA_EXCEEDED;
	}
	return connecting_takes(k, announced) ? MQTT_SUCCESS : MQTT_PACKET_TOO_LARGE;
}

static enum mqtt_reason conclude(struct connecting *k, enum verdict verdict)
{
	struct span announced = connecting_announce(k);
	enum mqtt_reason reason;

	if (verdict == VERDICT_ALLOW && connecting_is_will_denied(k))
		verdict = VERDICT_DENY;
	/* Mosquitto answers "not authorized" to a wrong password too. */
	if (verdict != VERDICT_ALLOW)
		return connecting_refuse(k->client, k->client_id,
				verdict == VERDICT_BUSY ? MQTT_SERVER_BUSY : MQTT_NOT_AUTHORIZED);
	reason = check_room(k, announced);
	if (reason != MQTT_SUCCESS)
		return connecting_refuse(k->client, k->client_id, reason);
	connecting_accept(k, announced);
	return MQTT_SUCCESS;
}

/*
 * The verdict comes later: keep the packet, and look at nothing that follows it. The client has
 * said all that is asked of it: only the broker's own time runs from here on.
 */
static enum mqtt_reason wait_for_verdict(struct connecting *k, const struct frame *frame)
{
	struct client *c = k->client;
	size_t header = frame->size - frame->body.len;

	c->state = CLIENT_WAITING;
	if (!budget_take_stranger(&c->shard->budget, &c->charged, frame->size))
		return connecting_refuse(c, k->client_id, MQTT_SERVER_BUSY);
	str_append(&c->connect, span_of(frame->body.data - header, frame->size));
	timer_set(&c->shard->timers, &c->timer,
			instant_after(k->now, seconds(MAX_VERDICT_SECONDS)));
	return MQTT_SUCCESS;
}

static enum mqtt_reason open_connect(struct connecting *k, const struct frame *frame)
{
	struct client *c = k->client;
	enum mqtt_reason reason;

	k->packet->version = MQTT_3_1_1;
	reason = decode_connect(frame, k->packet);
	c->version = (uint8_t)k->packet->version;
	if (reason == MQTT_SUCCESS && c->version == MQTT_5 && frame_is_overlong(frame))
		reason = MQTT_MALFORMED_PACKET;
	if (reason != MQTT_SUCCESS)
		return connecting_refuse(c, (struct span){ NULL, 0 }, reason);
	c->max_packet_size = largest_taken(k->packet);
	c->wants_reasons = c->version == MQTT_5 &&
			   property_number(&k->packet->properties,
					   PROPERTY_REQUEST_PROBLEM_INFORMATION, 1) != 0;
	reason = connecting_check(k);
	return reason != MQTT_SUCCESS ? connecting_refuse(c, k->client_id, reason) : MQTT_SUCCESS;
}

enum mqtt_reason protocol_connect(struct client *c, const struct frame *frame, struct instant now)
{
	struct connect_packet packet;
	struct connecting k = { .client = c, .packet = &packet, .now = now };
	enum mqtt_reason reason = open_connect(&k, frame);
	enum verdict verdict;

	c->shard->counters.connects_received++;
	if (reason != MQTT_SUCCESS)
		return reason;
	verdict = identify(&k);
	if (verdict != VERDICT_PENDING)
		return conclude(&k, verdict);
	return wait_for_verdict(&k, frame);
}

enum mqtt_reason protocol_connect_decided(struct client *c, const struct frame *frame,
		enum verdict verdict, struct instant now)
{
	struct connect_packet packet;
	struct connecting k = { .client = c, .packet = &packet, .now = now };
	enum mqtt_reason reason = open_connect(&k, frame);

	return reason != MQTT_SUCCESS ? reason : conclude(&k, verdict);
}

enum mqtt_reason protocol_disconnect(
		struct client *c, const struct frame *frame, struct instant now)
{
	struct disconnect_packet packet;
	enum mqtt_reason reason = decode_disconnect(frame, c->version, &packet);
	uint32_t expiry;

	if (reason != MQTT_SUCCESS)
		return reason;
	expiry = property_number(&packet.properties, PROPERTY_SESSION_EXPIRY_INTERVAL,
			c->session->expiry_interval);
	if (c->session->expiry_interval == 0 && expiry > 0)
		return MQTT_PROTOCOL_ERROR; /* v5 3.14.2.2.2 */
	c->session->expiry_interval = expiry;
	c->closed_by_peer = true;
	/* [v5 MQTT-3.14.4-3]: only reason 0 discards the will */
	client_close(c, packet.reason, now);
	return MQTT_SUCCESS;
}

enum mqtt_reason protocol_auth(struct client *c, const struct frame *frame, struct instant now)
{
	struct disconnect_packet packet;
	enum mqtt_reason reason;

	(void)now;
	if (c->version < MQTT_5)
		return MQTT_MALFORMED_PACKET;
	reason = decode_auth(frame, &packet);
	/* It was not asked for and no method is configured (v5 4.12). */
	return reason != MQTT_SUCCESS ? reason : MQTT_PROTOCOL_ERROR;
}

enum mqtt_reason protocol_pingreq(struct client *c, const struct frame *frame, struct instant now)
{
	enum mqtt_reason reason = decode_pingreq(frame);
	uint8_t packet[2];
	struct writer w = writer_of(packet, sizeof(packet));

	(void)now;
	if (reason != MQTT_SUCCESS)
		return reason;
	encode_pingresp(&w);
	client_send(c, PACKET_PINGRESP, writer_span(&w));
	return MQTT_SUCCESS;
}
