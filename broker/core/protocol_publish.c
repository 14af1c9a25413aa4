/* SPDX-License-Identifier: MIT */
/*
 * PUBLISH and PUBREL: messages that a client hands over.
 */
#include "broker/core/access.h"
#include "broker/core/bridge.h"
#include "broker/core/mount.h"
#include "broker/core/protocol.h"
#include "broker/core/publisher.h"
#include "broker/core/router.h"
#include "broker/core/withheld.h"
#include "broker/mqtt/encode.h"
#include "common/topic.h"

/* False when the client takes no packet of that size. */
static bool send_ack_with(struct client *c, enum packet_type type, uint16_t packet_id,
		enum mqtt_reason reason, struct span why)
{
	uint8_t packet[256];
	struct writer w = writer_of(packet, sizeof(packet));

	encode_ack(&w, type, c->version, packet_id, reason, why);
	return client_send(c, type, writer_span(&w));
}

/*
 * Acknowledgements keep the order of what they acknowledge [v5 MQTT-4.6.0-2 to MQTT-4.6.0-4]:
 * behind one that waits for the store, all wait. While it fails no PUBACK does, and a refusal need
 * not.
 */
static bool stays_behind(const struct client *c, enum packet_type type, enum mqtt_reason reason)
{
	return c->withheld != NULL &&
	       !(c->shard->ledger.is_failing &&
			       (type == PACKET_PUBACK || mqtt_reason_is_failure(reason)));
}

void protocol_send_ack(struct client *c, enum packet_type type, uint16_t packet_id,
		enum mqtt_reason reason)
{
	uint8_t packet[8];
	struct writer w = writer_of(packet, sizeof(packet));
	uint8_t withhold;

	if (unlikely(stays_behind(c, type, reason)))
		c->withhold = WITHHOLD;
	withhold = c->withhold;
	if (unlikely(mqtt_reason_is_failure(reason) && client_explanation(c).len > 0) &&
			send_ack_with(c, type, packet_id, reason, client_explanation(c)))
		return;
	c->withhold = withhold;
	encode_ack(&w, type, c->version, packet_id, reason, (struct span){ NULL, 0 });
	client_send(c, type, writer_span(&w));
}

bool protocol_topic_reserved(struct span topic)
{
	static const struct span sys = SPAN("$SYS"), share = SPAN("$share/");
	static const struct span bridge = SPAN("$SYS/broker/connection/+/state");

	return topic.data[0] == '$' &&
	       (span_starts_with(topic, share) ||
			       (span_starts_with(topic, sys) && !topic_matches(bridge, topic)));
}

/* Put the topic in the place of its alias, or remember the alias (v5 3.3.2.3.4). */
static enum mqtt_reason resolve_alias(struct client *c, struct publish_packet *p)
{
	uint32_t alias = property_number(&p->properties, PROPERTY_TOPIC_ALIAS, 0);

	if (alias == 0)
		return p->topic.len > 0 ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
	if (alias > c->policy->max_topic_alias)
		return MQTT_TOPIC_ALIAS_INVALID; /* [v5 MQTT-3.3.2-9] */
	if (p->topic.len > 0) {
		if (!topic_name_valid(p->topic))
			return MQTT_TOPIC_NAME_INVALID;
		alias_set(&c->aliases, (uint16_t)alias, p->topic);
		return MQTT_SUCCESS;
	}
	p->topic = alias_topic(&c->aliases, (uint16_t)alias);
	return p->topic.data != NULL ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
}

/* What ends the connection. */
static enum mqtt_reason check_publish(struct client *c, struct publish_packet *p)
{
	const struct limits *limits = c->shard->limits;
	struct span response;

	if (p->qos > c->policy->max_qos)
		return MQTT_QOS_NOT_SUPPORTED; /* [v5 MQTT-3.2.2-11] */
	if (p->retain && !limits->retain_available) {
		if (c->bridge == NULL)
			return MQTT_RETAIN_NOT_SUPPORTED; /* [v5 MQTT-3.2.2-14] */
		p->retain = false; /* the other broker knows nothing of that */
	}
	if (c->version == MQTT_5) {
		enum mqtt_reason reason = resolve_alias(c, p);

		if (reason != MQTT_SUCCESS)
			return reason;
	}
	response = property_text(&p->properties, PROPERTY_RESPONSE_TOPIC);
	if (response.data != NULL && !topic_name_valid(response))
		return MQTT_PROTOCOL_ERROR; /* [v5 MQTT-3.3.2-14] */
	return MQTT_SUCCESS;
}

/* What refuses the message and leaves the connection. */
static enum mqtt_reason check_message(struct client *c, const struct publish_packet *p)
{
	const struct limits *limits = c->shard->limits;

	if (p->topic.len == 0) { /* of a bridge: no line passes it in */
		c->shard->counters.dropped_unasked++;
		return MQTT_NOT_AUTHORIZED;
	}
	/* Who can be told that a message is not retained is told so. */
	if (p->retain && p->payload.len > 0 && p->qos > 0 && c->version == MQTT_5 &&
			!retained_has_room(&c->shard->retained, limits, p->topic,
					sizeof(struct message) + p->topic.len + p->payload.len +
							p->properties.raw.len)) {
		c->shard->counters.refused_retained++;
		client_explain(c, "max_retained_messages or max_retained_bytes is reached");
		return MQTT_QUOTA_EXCEEDED;
	}
	if (limits->message_size_limit > 0 && p->payload.len > limits->message_size_limit) {
		client_explain(c, "the payload is larger than message_size_limit");
		return MQTT_QUOTA_EXCEEDED; /* 0x95 is no reason of PUBACK [v5 MQTT-3.4.2-1] */
	}
	if (protocol_topic_reserved(p->topic) || !access_may(c->session, p->topic, ACL_WRITE)) {
		access_denied(c->shard, c->session, DENIED_PUBLISH, p->topic);
		return MQTT_NOT_AUTHORIZED;
	}
	return MQTT_SUCCESS;
}

/* Hand the message on. The reason is the one that a version 5 publisher is told. */
static enum mqtt_reason route(struct client *c, const struct publish_packet *p,
		const struct match *match, struct instant now)
{
	enum mqtt_reason reason = check_message(c, p);
	struct message *m;
	size_t receivers;

	if (reason != MQTT_SUCCESS)
		return reason;
	m = message_create_of(publisher_properties(c), p->topic, &p->properties, p->payload, p->qos,
			p->retain, now);
	receivers = router_publish(c->shard, c->session, m, match, now);
	message_unref(m);
	return receivers > 0 ? MQTT_SUCCESS : MQTT_NO_MATCHING_SUBSCRIBERS;
}

/* Not one of QoS 2 that the client sends again. */
static bool is_new(const struct client *c, const struct publish_packet *p)
{
	return p->qos < 2 || !packet_ids_has(&c->session->received, p->packet_id);
}

static bool is_clearing(const struct publish_packet *p)
{
	return p->retain && p->payload.len == 0;
}

/*
 * A message of QoS 1 or 2 cannot be taken. Who was not told of a loss still owns it: version 5 is
 * told by the reason, before it the end of the connection is the only word for it.
 */
static enum mqtt_reason refuse(struct client *c, const struct publish_packet *p, const char *why)
{
	client_explain(c, why);
	if (c->version < MQTT_5)
		return MQTT_QUOTA_EXCEEDED;
	protocol_send_ack(c, p->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, p->packet_id,
			MQTT_QUOTA_EXCEEDED);
	return MQTT_SUCCESS;
}

/* memory_limit is reached. */
static enum mqtt_reason refuse_for_memory(struct client *c, const struct publish_packet *p)
{
	struct counters *counters = &c->shard->counters;

	if (p->qos > 0) {
		counters->refused_memory++;
		return refuse(c, p, "memory_limit is reached");
	}
	counters->dropped_memory++;
	return MQTT_SUCCESS;
}

/* Does the message have to be on disk before it is acknowledged? */
static bool has_to_be_kept(
		const struct client *c, const struct publish_packet *p, const struct match *match)
{
	bool is_kept = p->retain || (p->qos == 2 && c->session->is_durable);

	for (uint32_t i = 0; !is_kept && match != NULL && i < match->count; i++) {
		const struct match_target *target = &match->targets[i];

		is_kept = target->group != NULL || (target->qos > 0 && target->session->is_durable);
	}
	return is_kept;
}

static enum mqtt_reason refuse_for_store(struct client *c, const struct publish_packet *p)
{
	c->shard->counters.refused_store++;
	return refuse(c, p, "the store cannot take more");
}

/* Unacknowledged messages that the client was told it may have under way; 0 = no limit. */
static uint64_t receive_maximum(const struct client *c)
{
	return c->bridge != NULL ? c->receive_maximum : c->shard->limits->max_inflight_messages;
}

/* What acknowledges this packet goes out when its consequences are on disk. */
static void withhold_promise(struct client *c)
{
	if (ledger_has_promised(&c->shard->ledger))
		c->withhold = WITHHOLD;
}

static void received_changed(struct client *c)
{
	if (c->session->is_durable)
		ledger_session_changed(&c->shard->ledger, c->session, SESSION_CHANGED_RECEIVED);
}

static void add_received(struct client *c, uint16_t packet_id)
{
	packet_ids_add(&c->session->received, packet_id);
	received_changed(c);
}

static enum mqtt_reason receive_qos2(struct client *c, const struct publish_packet *p,
		const struct match *match, struct instant now)
{
	struct packet_ids *received = &c->session->received;
	uint64_t limit = receive_maximum(c);
	enum mqtt_reason reason;

	if (packet_ids_has(received, p->packet_id)) {
		c->withhold = WITHHOLD; /* the first PUBREC may be waiting, or was not read */
		protocol_send_ack(c, PACKET_PUBREC, p->packet_id, MQTT_SUCCESS);
		return MQTT_SUCCESS;
	}
	/* [v5 MQTT-3.3.4-7]; a client before version 5 was not told of a limit */
	if (c->version == MQTT_5 && limit > 0 && received->count >= limit)
		return MQTT_RECEIVE_MAXIMUM_EXCEEDED;
	reason = route(c, p, match, now);
	if (!mqtt_reason_is_failure(reason) || c->version < MQTT_5)
		add_received(c, p->packet_id);
	withhold_promise(c);
	protocol_send_ack(c, PACKET_PUBREC, p->packet_id, reason);
	return MQTT_SUCCESS;
}

/*
 * The topic's whole name here: below the client's mount point, or what a bridge makes of it; empty
 * when the bridge passes nothing of that name in. What is sent has to be a name itself.
 */
static enum mqtt_reason name_topic(struct client *c, struct publish_packet *p, struct instant now)
{
	if (c->policy->mount_point == NULL && c->bridge == NULL)
		return MQTT_SUCCESS;
	if (!topic_name_valid(p->topic))
		return MQTT_TOPIC_NAME_INVALID; /* [v5 MQTT-3.3.2-2] */
	p->topic = c->bridge != NULL ? bridge_map_in(c->bridge, p->topic, now)
				     : mount_in(c->policy, &c->shard->mounted, p->topic);
	return MQTT_SUCCESS;
}

/* Who receives it; *ret_match is NULL for what a bridge does not pass in. */
static enum mqtt_reason find_receivers(
		struct client *c, const struct publish_packet *p, const struct match **ret_match)
{
	struct topic_tree *topics = &c->shard->topics;

	*ret_match = NULL;
	if (p->topic.len == 0 && c->bridge != NULL)
		return MQTT_SUCCESS;
	*ret_match = topic_tree_cached(topics, p->topic);
	if (*ret_match != NULL) {
		c->shard->counters.match_cache_hits++;
		return MQTT_SUCCESS;
	}
	if (!topic_name_valid(p->topic))
		return MQTT_TOPIC_NAME_INVALID; /* [v5 MQTT-3.3.2-2] */
	c->shard->counters.match_cache_misses++;
	*ret_match = topic_tree_match(topics, p->topic);
	return MQTT_SUCCESS;
}

enum mqtt_reason protocol_publish(struct client *c, const struct frame *frame, struct instant now)
{
	struct publish_packet p;
	const struct match *match;
	enum mqtt_reason reason = decode_publish(frame, c->version, &p);

	if (reason == MQTT_SUCCESS)
		reason = check_publish(c, &p);
	if (reason == MQTT_SUCCESS)
		reason = name_topic(c, &p, now);
	if (reason != MQTT_SUCCESS)
		return reason;
	c->shard->counters.publish_received++;
	c->shard->counters.publish_bytes_received += p.payload.len;
	reason = find_receivers(c, &p, &match);
	if (reason != MQTT_SUCCESS)
		return reason;
	if (unlikely(shard_is_full(c->shard)) && !is_clearing(&p) && is_new(c, &p))
		return refuse_for_memory(c, &p);
	if (unlikely(c->shard->ledger.is_failing) && p.qos > 0 && is_new(c, &p) &&
			has_to_be_kept(c, &p, match) &&
			!(c->shard->ledger.is_full && is_clearing(&p)))
		return refuse_for_store(c, &p);
	if (p.qos == 2)
		return receive_qos2(c, &p, match, now);
	reason = route(c, &p, match, now);
	if (p.qos == 0)
		return MQTT_SUCCESS;
	withhold_promise(c);
	protocol_send_ack(c, PACKET_PUBACK, p.packet_id, reason);
	return MQTT_SUCCESS;
}

enum mqtt_reason protocol_pubrel(struct client *c, const struct frame *frame, struct instant now)
{
	struct ack_packet ack;
	enum mqtt_reason reason = decode_ack(frame, c->version, &ack);

	(void)now;
	if (reason != MQTT_SUCCESS)
		return reason;
	reason = MQTT_PACKET_IDENTIFIER_NOT_FOUND;
	if (packet_ids_remove(&c->session->received, ack.packet_id)) {
		reason = MQTT_SUCCESS;
		received_changed(c);
	}
	/* PUBCOMP lets the client use the identifier for another message. */
	c->withhold = c->session->is_durable ? WITHHOLD : WITHHOLD_NOT;
	protocol_send_ack(c, PACKET_PUBCOMP, ack.packet_id, reason);
	return MQTT_SUCCESS;
}
