/* SPDX-License-Identifier: MIT */
/*
 * CONNECT, DISCONNECT, AUTH and PINGREQ: the connection itself.
 */
#include "broker/core/access.h"
#include "broker/core/lifecycle.h"
#include "broker/core/mount.h"
#include "broker/core/protocol.h"
#include "broker/core/publisher.h"
#include "broker/core/router.h"
#include "broker/mqtt/encode.h"
#include "common/topic.h"

/* A CONNECT on its way to being accepted. */
struct connecting {
	struct client *client;
	struct connect_packet *packet;
	struct instant now;
	struct span username; /* data NULL: none */
	struct span client_id;
	bool is_assigned; /* the client sent none */
	char assigned[128];
	uint32_t keep_alive;
	uint8_t announced[256]; /* properties of the CONNACK */
};

static void send_connack(struct client *c, enum mqtt_reason reason, bool session_present,
		struct span properties)
{
	struct connack connack = { .version = c->version,
		.reason = reason,
		.session_present = session_present,
		.properties = properties };
	uint8_t packet[512];
	struct writer w = writer_of(packet, sizeof(packet));

	encode_connack(&w, &connack);
	client_send(c, PACKET_CONNACK, writer_span(&w));
}

/* As the property of a CONNACK, if there is one and the client takes a packet of that size. */
static struct span reason_string(const struct client *c, struct writer *w)
{
	struct span why = client_explanation(c);

	if (why.len == 0 || 5 + 3 + why.len > c->max_packet_size)
		return (struct span){ NULL, 0 };
	property_write_text(w, PROPERTY_REASON_STRING, why);
	return writer_span(w);
}

/* Answer with a CONNACK that says no; the connection is then closed [v5 MQTT-3.1.4-2]. */
static enum mqtt_reason refuse(struct client *c, struct span client_id, enum mqtt_reason reason)
{
	struct shard *shard = c->shard;
	uint8_t properties[256];
	struct writer w = writer_of(properties, sizeof(properties));

	shard->counters.connects_refused++;
	if (shard->observer.refused != NULL)
		shard->observer.refused(shard->observer.owner, c, client_id, reason);
	send_connack(c, reason, false, reason_string(c, &w));
	return reason;
}

/* Nobody can guess it: a name that is guessed can be taken over. */
static void assign_client_id(struct connecting *k)
{
	struct shard *shard = k->client->shard;
	const char *prefix = k->client->policy->auto_id_prefix;
	uint32_t parts[4];
	struct writer w = writer_of(k->assigned, sizeof(k->assigned));

	for (size_t i = 0; i < array_size(parts); i++) {
		uint64_t counter[2] = { shard->assigned_ids, i };

		parts[i] = hash_span(shard->id_seed, span_of(counter, sizeof(counter)));
	}
	shard->assigned_ids++;
	if (prefix != NULL)
		write_bytes(&w, span_first(span_of_text(prefix), 64));
	for (size_t i = 0; i < array_size(parts) * 8; i++)
		write_u8(&w, (uint8_t) "0123456789abcdef"[parts[i / 8] >> (i % 8 * 4) & 15]);
	k->client_id = writer_span(&w);
	k->is_assigned = true;
}

static enum mqtt_reason check_version(const struct connecting *k)
{
	return k->client->policy->versions & policy_version(k->packet->version)
			       ? MQTT_SUCCESS
			       : MQTT_UNSUPPORTED_PROTOCOL_VERSION;
}

static enum mqtt_reason check_client_id(struct connecting *k)
{
	const struct connect_packet *packet = k->packet;
	const struct policy *policy = k->client->policy;

	k->client_id = policy->use_username_as_clientid ? k->username : packet->client_id;
	if (policy->use_username_as_clientid && k->username.len == 0)
		return MQTT_NOT_AUTHORIZED;
	if (k->client_id.len > MAX_CLIENT_ID) {
		client_explain(k->client, "the client identifier has more than 1,024 bytes");
		return MQTT_CLIENT_IDENTIFIER_NOT_VALID;
	}
	if (k->client_id.len > 0)
		return policy_takes_client_id(policy, k->client_id) ? MQTT_SUCCESS
								    : MQTT_NOT_AUTHORIZED;
	if (!policy->allow_zero_length_clientid || packet->version == MQTT_3_1)
		return MQTT_CLIENT_IDENTIFIER_NOT_VALID;
	if (packet->version == MQTT_3_1_1 && !packet->clean_start)
		return MQTT_CLIENT_IDENTIFIER_NOT_VALID; /* [v3 MQTT-3.1.3-8] */
	assign_client_id(k);
	return MQTT_SUCCESS;
}

static struct span will_topic(const struct connecting *k)
{
	return mount_in(k->client->policy, &k->client->shard->mounted, k->packet->will.topic);
}

static enum mqtt_reason check_will(const struct connecting *k)
{
	const struct limits *limits = k->client->shard->limits;
	const struct will_packet *will = &k->packet->will;
	struct span response = { NULL, 0 };

	if (!k->packet->has_will)
		return MQTT_SUCCESS;
	if (!topic_name_valid(will->topic) || !topic_name_valid(will_topic(k)))
		return MQTT_TOPIC_NAME_INVALID;
	if (protocol_topic_reserved(will_topic(k)))
		return MQTT_NOT_AUTHORIZED;
	response = property_text(&will->properties, PROPERTY_RESPONSE_TOPIC);
	if (response.data != NULL && !topic_name_valid(response))
		return MQTT_PROTOCOL_ERROR; /* [v5 MQTT-3.3.2-14] */
	if (will->qos > k->client->policy->max_qos)
		return MQTT_QOS_NOT_SUPPORTED; /* [v5 MQTT-3.2.2-12] */
	if (will->retain && !limits->retain_available)
		return MQTT_RETAIN_NOT_SUPPORTED; /* [v5 MQTT-3.2.2-13] */
	if (limits->message_size_limit > 0 && will->payload.len > limits->message_size_limit)
		return MQTT_PACKET_TOO_LARGE;
	return MQTT_SUCCESS;
}

static enum mqtt_reason check_keep_alive(struct connecting *k)
{
	uint64_t limit = k->client->shard->limits->max_keepalive;

	k->keep_alive = k->packet->keep_alive;
	if (limit == 0 || limit >= UINT16_MAX || (k->keep_alive > 0 && k->keep_alive <= limit))
		return MQTT_SUCCESS;
	k->keep_alive = (uint32_t)limit;
	/* Only version 5 can be told (server keep alive); an older client relies on its own. */
	return k->packet->version == MQTT_5 ? MQTT_SUCCESS : MQTT_CLIENT_IDENTIFIER_NOT_VALID;
}

static void find_username(struct connecting *k)
{
	if (k->client->identity != NULL)
		k->username = span_of_text(k->client->identity);
	else if (k->packet->has_user_name)
		k->username = k->packet->user_name;
}

/* Everything but who it is. */
static enum mqtt_reason check_connect(struct connecting *k)
{
	enum mqtt_reason reason = check_version(k);

	if (reason == MQTT_SUCCESS)
		reason = check_client_id(k);
	/* No method is configured (v5 4.12). */
	if (reason == MQTT_SUCCESS &&
			property_present(&k->packet->properties, PROPERTY_AUTHENTICATION_METHOD))
		reason = MQTT_BAD_AUTHENTICATION_METHOD;
	if (reason == MQTT_SUCCESS)
		reason = check_keep_alive(k);
	if (reason == MQTT_SUCCESS)
		reason = check_will(k);
	if (reason == MQTT_SUCCESS && k->client->identity != NULL && k->username.len == 0)
		reason = MQTT_BAD_USER_NAME_OR_PASSWORD; /* the transport proved none */
	return reason;
}

static void set_will(const struct connecting *k, struct session *s)
{
	const struct will_packet *will = &k->packet->will;

	if (!k->packet->has_will)
		return;
	/* Its expiry interval begins when it is published (v5 3.1.3.2.4): until then `expires`
	   counts from 0. */
	s->will.message = message_create_of(publisher_properties(k->client), will_topic(k),
			&will->properties, will->payload, will->qos, will->retain,
			(struct instant){ 0 });
	message_count(s->will.message, &k->client->shard->budget.messages);
	s->will.delay = property_number(&will->properties, PROPERTY_WILL_DELAY_INTERVAL, 0);
}

static uint32_t session_expiry(const struct connect_packet *packet)
{
	if (packet->version == MQTT_5)
		return property_number(&packet->properties, PROPERTY_SESSION_EXPIRY_INTERVAL, 0);
	return packet->clean_start ? 0 : MQTT_EXPIRY_NEVER;
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

/* No packet is longer than the length field says, even if more is announced or nothing. */
static uint32_t largest_taken(const struct connect_packet *packet)
{
	const uint32_t largest = MAX_REMAINING_LENGTH + MAX_FIXED_HEADER;
	uint32_t wanted =
			property_number(&packet->properties, PROPERTY_MAXIMUM_PACKET_SIZE, largest);

	return wanted < largest ? wanted : largest;
}

static uint16_t aliases_taken(const struct policy *policy, const struct connect_packet *packet)
{
	uint32_t wanted = property_number(&packet->properties, PROPERTY_TOPIC_ALIAS_MAXIMUM, 0);

	return wanted < policy->max_topic_alias_broker ? (uint16_t)wanted
						       : policy->max_topic_alias_broker;
}

/*
 * In Mosquitto's order: topic alias maximum, then what the CONNECT called for, then the limits,
 * so that a client which was tried against one meets no surprise with the other.
 */
static struct span connack_properties(const struct connecting *k, struct writer *w)
{
	const struct limits *limits = k->client->shard->limits;
	const struct policy *policy = k->client->policy;

	if (k->client->version != MQTT_5)
		return (struct span){ NULL, 0 };
	if (policy->max_topic_alias > 0)
		property_write_number(w, PROPERTY_TOPIC_ALIAS_MAXIMUM, policy->max_topic_alias);
	if (k->is_assigned)
		property_write_text(w, PROPERTY_ASSIGNED_CLIENT_IDENTIFIER, k->client_id);
	if (k->keep_alive != k->packet->keep_alive)
		property_write_number(w, PROPERTY_SERVER_KEEP_ALIVE, k->keep_alive);
	if (!limits->retain_available)
		property_write_number(w, PROPERTY_RETAIN_AVAILABLE, 0);
	if (limits->max_packet_size > 0)
		property_write_number(
				w, PROPERTY_MAXIMUM_PACKET_SIZE, (uint32_t)limits->max_packet_size);
	if (limits->max_inflight_messages > 0)
		property_write_number(w, PROPERTY_RECEIVE_MAXIMUM,
				(uint32_t)limits->max_inflight_messages);
	if (policy->max_qos < 2)
		property_write_number(w, PROPERTY_MAXIMUM_QOS, policy->max_qos);
	return writer_span(w);
}

static void accept_client(struct connecting *k, struct span properties)
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
	c->state = CLIENT_CONNECTED;
	c->is_bridge = packet->is_bridge;
	c->max_inflight = window(shard->limits, packet);
	c->sent_aliases.max = aliases_taken(c->policy, packet);
	c->keep_alive = (uint16_t)k->keep_alive;
	client_watch_keep_alive(c, k->now);
	shard->counters.connects_accepted++;
	if (shard->observer.connected != NULL)
		shard->observer.connected(shard->observer.owner, c, present);
	send_connack(c, MQTT_SUCCESS, present, properties);
	router_resume(c, k->now);
}

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

/*
 * A will that its client may not publish. Version 5 is refused; an older client is let in as by
 * Mosquitto, and asked about again when its connection ends.
 */
static bool is_will_denied(const struct connecting *k)
{
	const struct acl_subject subject = { k->username, k->client_id };
	const struct acl *acl = k->client->policy->acl;
	const struct core_observer *observer = &k->client->shard->observer;

	if (!k->packet->has_will || k->packet->version != MQTT_5 || acl == NULL ||
			acl_allows(acl, &subject, will_topic(k), ACL_WRITE))
		return false;
	if (observer->denied != NULL)
		observer->denied(observer->owner, k->client_id, DENIED_WILL, will_topic(k), true);
	return true;
}

/* Who may connect can only do so if there is room for it, and for what it has to be told. */
static enum mqtt_reason check_room(const struct connecting *k, struct span properties)
{
	struct shard *shard = k->client->shard;
	enum mqtt_reason reason = lifecycle_check_room(shard, k->client_id);

	if (reason != MQTT_SUCCESS) {
		shard->counters.refused_sessions++;
		client_explain(k->client,
				"max_sessions, global_max_clients or memory_limit is reached");
	} else if (5 + properties.len > k->client->max_packet_size) {
		reason = MQTT_PACKET_TOO_LARGE;
	}
	return reason;
}

static enum mqtt_reason conclude(struct connecting *k, enum verdict verdict)
{
	struct writer w = writer_of(k->announced, sizeof(k->announced));
	struct span properties = connack_properties(k, &w);
	enum mqtt_reason reason;

	if (verdict == VERDICT_ALLOW && is_will_denied(k))
		verdict = VERDICT_DENY;
	/* Mosquitto answers "not authorized" to a wrong password too. */
	if (verdict != VERDICT_ALLOW)
		return refuse(k->client, k->client_id,
				verdict == VERDICT_BUSY ? MQTT_SERVER_BUSY : MQTT_NOT_AUTHORIZED);
	reason = check_room(k, properties);
	if (reason != MQTT_SUCCESS)
		return refuse(k->client, k->client_id, reason);
	accept_client(k, properties);
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
		return refuse(c, k->client_id, MQTT_SERVER_BUSY);
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
	if (reason != MQTT_SUCCESS) {
		/* Before version 5 there is no code for a malformed packet [v3 MQTT-3.1.4-1]. */
		if (c->version == MQTT_5 || reason == MQTT_UNSUPPORTED_PROTOCOL_VERSION)
			return refuse(c, (struct span){ NULL, 0 }, reason);
		c->shard->counters.connects_refused++;
		return reason;
	}
	c->max_packet_size = largest_taken(k->packet);
	c->wants_reasons = c->version == MQTT_5 &&
			   property_number(&k->packet->properties,
					   PROPERTY_REQUEST_PROBLEM_INFORMATION, 1) != 0;
	find_username(k);
	reason = check_connect(k);
	return reason != MQTT_SUCCESS ? refuse(c, k->client_id, reason) : MQTT_SUCCESS;
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
