/* SPDX-License-Identifier: MIT */
/*
 * SUBSCRIBE and UNSUBSCRIBE.
 */
#include "broker/core/access.h"
#include "broker/core/mount.h"
#include "broker/core/protocol.h"
#include "broker/core/replay.h"
#include "broker/core/withheld.h"
#include "broker/mqtt/encode.h"
#include "common/topic.h"

static size_t count_filters(struct subscribe_packet list)
{
	struct span filter;
	uint8_t options;
	size_t n = 0;

	while (subscribe_next(&list, &filter, &options))
		n++;
	return n;
}

static size_t suback_size(enum mqtt_version version, size_t codes)
{
	size_t body = 2 + (version == MQTT_5 ? 1 : 0) + codes;

	return 1 + varint_size((uint32_t)body) + body;
}

static enum mqtt_reason too_large(struct client *c)
{
	client_explain(c, "the answer would be larger than the client's maximum packet size");
	return MQTT_PACKET_TOO_LARGE;
}

/* It waits for the store unless it only says that nothing was done. */
static enum withhold answer_waits(const struct client *c, enum packet_type type)
{
	struct span codes = str_span(&c->codes);

	if (type == PACKET_SUBACK && c->shard->ledger.is_failing)
		return WITHHOLD_NOT; /* nothing was granted that is not on disk: subscribe_durably()
				      */
	for (size_t i = 0; c->session->is_durable && i < codes.len; i++) {
		if (!mqtt_reason_is_failure((enum mqtt_reason)codes.data[i]))
			return WITHHOLD_IN_ORDER;
	}
	return WITHHOLD_NOT;
}

/* The answer to a SUBSCRIBE or UNSUBSCRIBE whose filters are all dealt with. */
static void send_codes(struct client *c, enum packet_type type, uint16_t packet_id)
{
	struct span why = client_explanation(c), codes = str_span(&c->codes);
	size_t size = suback_size(c->version, codes.len) + 4 + why.len;
	uint8_t *packet = xmalloc(size);
	struct writer w = writer_of(packet, size);

	encode_suback(&w, type, c->version, packet_id, codes.data, codes.len, why);
	c->withhold = answer_waits(c, type);
	if (!client_send(c, type, writer_span(&w)) && why.len > 0) {
		w = writer_of(packet, size);
		encode_suback(&w, type, c->version, packet_id, codes.data, codes.len,
				(struct span){ NULL, 0 });
		c->withhold = answer_waits(c, type);
		client_send(c, type, writer_span(&w));
	}
	free(packet);
	str_finish(&c->codes);
}

static bool is_shared(struct span filter)
{
	static const struct span prefix = SPAN("$share/");

	return span_starts_with(filter, prefix);
}

/*
 * Take "$share/GROUP/" off a filter; ret_group->data is NULL when it has none. What is left becomes
 * a filter of whole topics. False when it is no filter, or the prefix is not complete.
 */
static bool split_filter(const struct client *c, struct span *filter, struct span *ret_group)
{
	*ret_group = (struct span){ NULL, 0 };
	if (is_shared(*filter) && !topic_share_split(*filter, ret_group, filter))
		return false;
	if (!topic_filter_valid(*filter))
		return false;
	if (c->policy->mount_point == NULL)
		return true;
	*filter = mount_in(c->policy, &c->shard->mounted, *filter);
	return topic_filter_valid(*filter);
}

static bool may_subscribe(const struct client *c, struct span filter)
{
	struct acl_subject subject = access_subject(c->session);

	return c->policy->acl == NULL || acl_allows_filter(c->policy->acl, &subject, filter);
}

/* Is there room for one more subscription, or is this one there already? */
static bool has_room(const struct client *c, struct span filter, struct span group)
{
	const struct session *s = c->session;
	uint64_t limit = c->shard->limits->max_subscriptions;

	if ((limit == 0 || s->subscription_count < limit) && !shard_is_full(c->shard))
		return true;
	return topic_tree_find(&c->shard->topics, s->subscriptions, group, filter) != NULL;
}

/* Is it what the subscription says already? Clients often ask again for what they have. */
static bool changes_nothing(const struct subscription *sub, const struct subscribe_options *wanted)
{
	return sub != NULL && sub->number != 0 && sub->qos == wanted->qos &&
	       sub->identifier == wanted->identifier && sub->no_local == wanted->no_local &&
	       sub->retain_as_published == wanted->retain_as_published;
}

static uint8_t subscribe_durably(
		struct client *c, struct span filter, const struct subscribe_options *wanted)
{
	struct topic_tree *topics = &c->shard->topics;
	struct subscription **list = &c->session->subscriptions;
	struct subscription *sub = topic_tree_find(topics, *list, wanted->group, filter);
	bool is_known = changes_nothing(sub, wanted);

	if (!is_known && c->shard->ledger.is_failing) {
		c->shard->counters.refused_store++;
		client_explain(c, "the store cannot take more");
		return MQTT_QUOTA_EXCEEDED;
	}
	topic_tree_subscribe(topics, c->session, list, filter, wanted);
	sub = topic_tree_find(topics, *list, wanted->group, filter);
	if (!is_known)
		ledger_subscribed(&c->shard->ledger, sub);
	else if (sub->is_awaiting)
		ledger_replayed(&c->shard->ledger, sub); /* it is to be, and that is no promise */
	return wanted->qos;
}

/* The code of one filter in the SUBACK; the subscription is made when it is not a failure. */
static uint8_t subscribe_one(
		struct client *c, struct span filter, uint8_t options, uint32_t identifier)
{
	struct subscribe_options wanted = {
		.identifier = identifier,
		.qos = options & SUBSCRIBE_QOS,
		.retain_handling = (options & SUBSCRIBE_RETAIN_HANDLING) >> 4,
		/* Mosquitto's bridges are not sent back what they sent, and see the retain flag as
		   published, to pass it on. */
		.no_local = (options & SUBSCRIBE_NO_LOCAL) != 0 ||
			    (c->is_bridge && !is_shared(filter)),
		.retain_as_published =
				(options & SUBSCRIBE_RETAIN_AS_PUBLISHED) != 0 || c->is_bridge,
	};

	if (!split_filter(c, &filter, &wanted.group))
		return MQTT_TOPIC_FILTER_INVALID;
	if (!may_subscribe(c, filter)) {
		access_denied(c->shard, c->session, DENIED_SUBSCRIBE, filter);
		return MQTT_NOT_AUTHORIZED;
	}
	if (!has_room(c, filter, wanted.group)) {
		c->shard->counters.refused_subscriptions++;
		client_explain(c, "max_subscriptions or memory_limit is reached");
		return MQTT_QUOTA_EXCEEDED;
	}
	if (wanted.qos > c->policy->max_qos)
		wanted.qos = c->policy->max_qos;
	if (!c->session->is_durable) {
		topic_tree_subscribe(&c->shard->topics, c->session, &c->session->subscriptions,
				filter, &wanted);
		return wanted.qos;
	}
	return subscribe_durably(c, filter, &wanted);
}

static bool shares_without_local(struct subscribe_packet list)
{
	struct span filter;
	uint8_t options;

	while (subscribe_next(&list, &filter, &options)) {
		if (options & SUBSCRIBE_NO_LOCAL && is_shared(filter))
			return true;
	}
	return false;
}

typedef uint8_t filter_handler(struct client *c, const struct subscribe_packet *packet,
		struct span filter, uint8_t options);

/*
 * Deal with the filters of a packet and put a code for each into c->codes. False when they are too
 * many for one turn: then the packet comes again, and those are left out that are done.
 */
static bool handle_filters(
		struct client *c, const struct subscribe_packet *packet, filter_handler *handle)
{
	struct work *work = &c->shard->work;
	struct subscribe_packet list = *packet;
	size_t done = c->codes.len;
	struct span filter;
	uint8_t options;

	for (size_t i = 0; subscribe_next(&list, &filter, &options); i++) {
		if (i < done)
			continue;
		c->is_unfinished = work_share_is_over(work);
		if (c->is_unfinished)
			return false;
		work->done += WORK_FILTER;
		str_append_byte(&c->codes, (char)handle(c, packet, filter, options));
	}
	return true;
}

static uint8_t handle_subscription(struct client *c, const struct subscribe_packet *packet,
		struct span filter, uint8_t options)
{
	const struct core_observer *observer = &c->shard->observer;
	uint8_t code = subscribe_one(c, filter, options,
			property_number(&packet->properties, PROPERTY_SUBSCRIPTION_IDENTIFIER, 0));

	if (observer->subscribed != NULL)
		observer->subscribed(observer->owner, c, filter, code);
	return code;
}

enum mqtt_reason protocol_subscribe(struct client *c, const struct frame *frame, struct instant now)
{
	struct subscribe_packet packet;
	enum mqtt_reason reason = decode_subscribe(frame, c->version, &packet);

	if (reason != MQTT_SUCCESS)
		return reason;
	if (shares_without_local(packet))
		return MQTT_PROTOCOL_ERROR; /* [v5 MQTT-3.8.3-4] */
	if (suback_size(c->version, count_filters(packet)) > c->max_packet_size)
		return too_large(c); /* nobody could be told what was granted */
	if (!handle_filters(c, &packet, handle_subscription))
		return MQTT_SUCCESS;
	send_codes(c, PACKET_SUBACK, packet.packet_id);
	replay_start(c, now);
	return MQTT_SUCCESS;
}

static uint8_t handle_unsubscription(struct client *c, const struct subscribe_packet *packet,
		struct span filter, uint8_t options)
{
	const struct core_observer *observer = &c->shard->observer;
	struct topic_tree *topics = &c->shard->topics;
	struct span group, whole = filter;
	uint8_t code = MQTT_TOPIC_FILTER_INVALID;

	(void)packet;
	(void)options;
	if (split_filter(c, &whole, &group)) {
		const struct subscription *sub =
				topic_tree_find(topics, c->session->subscriptions, group, whole);

		if (sub != NULL)
			ledger_unsubscribed(&c->shard->ledger, sub);
		code = topic_tree_unsubscribe(topics, c->session->subscriptions, group, whole)
				       ? MQTT_SUCCESS
				       : MQTT_NO_SUBSCRIPTION_EXISTED;
	}
	if (observer->unsubscribed != NULL)
		observer->unsubscribed(observer->owner, c, filter);
	return code;
}

enum mqtt_reason protocol_unsubscribe(
		struct client *c, const struct frame *frame, struct instant now)
{
	struct subscribe_packet packet;
	enum mqtt_reason reason = decode_unsubscribe(frame, c->version, &packet);

	(void)now;
	if (reason != MQTT_SUCCESS)
		return reason;
	if (suback_size(c->version, count_filters(packet)) > c->max_packet_size)
		return too_large(c);
	if (handle_filters(c, &packet, handle_unsubscription))
		send_codes(c, PACKET_UNSUBACK, packet.packet_id);
	return MQTT_SUCCESS;
}
