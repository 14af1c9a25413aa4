/* SPDX-License-Identifier: MIT */
#include "broker/core/router.h"

#include "broker/core/access.h"
#include "broker/core/bridge.h"
#include "broker/core/fanout.h"
#include "broker/core/protocol.h"
#include "broker/core/replay.h"
#include "broker/core/share.h"
#include "broker/core/withheld.h"

/* Unsent bytes up to which a client gets QoS 0 while memory is tight (memory_limit). */
enum { TIGHT_OUTPUT = 64 * 1024 };

/* [v5 MQTT-3.1.2-24, MQTT-3.1.2-25]: as if it had been sent and acknowledged */
static bool takes_size(const struct client *c, size_t size)
{
	if (size <= c->max_packet_size)
		return true;
	c->shard->counters.dropped_too_large++;
	return false;
}

/* A client that does not read fast enough loses messages of QoS 0, and nobody waits for it. */
static bool output_has_room(const struct client *c, size_t size)
{
	const struct limits *limits = c->shard->limits;

	if (client_unsent(c) == 0)
		return true;
	if (client_unsent(c) + size > limits->max_output_bytes) {
		c->shard->counters.dropped_output_full++;
		return false;
	}
	if (client_unsent(c) + size <= TIGHT_OUTPUT || !shard_is_tight(c->shard))
		return true;
	c->shard->counters.dropped_memory++;
	return false;
}

static bool window_has_room(const struct client *c)
{
	const struct inflight *f = &c->session->inflight;
	const struct limits *limits = c->shard->limits;

	return f->unsent == 0 && f->count < c->max_inflight &&
	       client_unsent(c) <= limits->max_output_bytes &&
	       (limits->max_inflight_bytes == 0 || f->bytes < limits->max_inflight_bytes);
}

/* Of QoS 0 only the output is a bound, and one that is empty takes a message of any size. */
static bool may_send(const struct client *c, const struct delivery *d)
{
	if (d->qos > 0)
		return window_has_room(c);
	return client_unsent(c) == 0 ||
	       client_unsent(c) + message_size(d->message) <= c->shard->limits->max_output_bytes;
}

bool router_has_room(const struct client *c, const struct delivery *d)
{
	return (d->qos == 0 || c->session->outbox.count == 0) && may_send(c, d);
}

static void enqueue(struct shard *shard, struct session *s, struct delivery d)
{
	const struct limits *limits = shard->limits;
	bool is_full = (limits->max_queued_messages > 0 &&
				       s->outbox.count >= limits->max_queued_messages) ||
		       (limits->max_queued_bytes > 0 && s->outbox.bytes + message_size(d.message) >
									limits->max_queued_bytes);

	if (!is_full) {
		/* Told again only after it ran empty: a queue that stays near its limit would fill
		   the log. */
		if (s->outbox.count == 0)
			s->is_dropping = false;
		if (ledger_wants(s, &d))
			ledger_delivery_added(&shard->ledger, s, &d, 0, INFLIGHT_FREE);
		outbox_push(&s->outbox, d);
		shard->budget.waiting++;
		if (s->bridge != NULL)
			bridge_queued(s->bridge, s);
		return;
	}
	shard->counters.dropped_queue_full++;
	if (!s->is_dropping && shard->observer.dropped != NULL)
		shard->observer.dropped(shard->observer.owner, s);
	s->is_dropping = true;
	delivery_finish(&d);
}

/* It need not be kept any more, wherever it was. */
static void drop(struct shard *shard, struct delivery *d)
{
	ledger_delivery_over(&shard->ledger, d);
	delivery_finish(d);
}

/*
 * The delivery is in flight, and so it has to be found after a crash. The receiver of QoS 2 tells
 * messages apart by their identifiers: it gets none that could be forgotten.
 */
static void note_sent(struct client *c, struct inflight_entry *entry)
{
	struct ledger *ledger = &c->shard->ledger;
	struct delivery *d = &entry->delivery;
	enum inflight_state state = (enum inflight_state)entry->state;

	if (d->number != 0)
		ledger_delivery_changed(ledger, d, entry->packet_id, state);
	else if (ledger_wants(c->session, d))
		ledger_delivery_added(ledger, c->session, d, entry->packet_id, state);
	if (d->qos == 2 && d->number != 0)
		c->withhold = WITHHOLD_IN_ORDER;
}

/* The client is there and its window has room. Takes over the references of `d`. */
static void send_now(struct fanout *f, struct client *c, struct delivery d)
{
	struct inflight_entry *entry;
	struct wire own;
	const struct wire *wire;

	if (d.qos > c->max_qos)
		d.qos = c->max_qos;
	wire = fanout_wire(f, c, &d, &own);
	if (!takes_size(c, wire->size)) {
		drop(f->shard, &d);
		return;
	}
	if (d.qos == 0) {
		fanout_send(f, c, wire, &d, 0, false);
		drop(f->shard, &d);
		return;
	}
	entry = inflight_add(&c->session->inflight, d);
	if (entry->delivery.number != 0 || c->session->is_durable)
		note_sent(c, entry);
	fanout_send(f, c, wire, &entry->delivery, entry->packet_id, false);
}

/* Hot path: a receiver that is there gets QoS 0 without any reference being counted. */
static void fan_out_qos0(struct fanout *f, struct client *c, const struct delivery *d)
{
	struct wire own;
	const struct wire *wire = fanout_wire(f, c, d, &own);

	if (takes_size(c, wire->size) && output_has_room(c, wire->size))
		fanout_send(f, c, wire, d, 0, false);
}

/* [v5 MQTT-3.8.4-8], unless the operator wants every message at the subscriber's QoS. */
static uint8_t granted_qos(const struct fanout *f, const struct match_target *target)
{
	if (f->shard->limits->upgrade_outgoing_qos || target->qos < f->message->qos)
		return target->qos;
	return f->message->qos;
}

/* `group` is that of a shared subscription, or 0. */
static void fan_out(struct fanout *f, const struct match_target *target, uint32_t group)
{
	const struct limits *limits = f->shard->limits;
	struct session *s = target->session;
	struct delivery d = {
		.message = f->message,
		.ids = target->ids,
		.qos = granted_qos(f, target),
		.retain = target->retain_as_published && f->message->retain,
		.group = group,
	};

	if (d.qos == 0 && s->client != NULL) {
		fan_out_qos0(f, s->client, &d);
		return;
	}
	if (d.qos == 0 && !limits->queue_qos0_messages && !s->keeps_qos0) {
		f->shard->counters.dropped_offline++;
		return;
	}
	if (d.qos == 0 && shard_is_tight(f->shard)) {
		f->shard->counters.dropped_memory++;
		return;
	}
	message_ref(d.message);
	subscription_ids_ref(d.ids);
	if (s->client != NULL && s->outbox.count == 0 && window_has_room(s->client))
		send_now(f, s->client, d);
	else
		enqueue(f->shard, s, d);
}

/* The member of a shared subscription whose turn it is, as a receiver like any other, if any. */
static bool fan_out_shared(struct fanout *f, struct share_group *group)
{
	enum share_policy policy = (enum share_policy)f->shard->limits->shared_subscription_policy;
	const struct subscription *s = share_group_pick(group, policy, message_topic(f->message),
			policy == SHARE_BY_TOPIC ? fanout_hash(f) : 0);
	struct match_target member;

	if (s == NULL)
		return false;
	member = (struct match_target){
		.session = s->session,
		.ids = subscription_ids_add(NULL, s->identifier),
		.qos = s->qos,
		.retain_as_published = s->retain_as_published,
	};
	fan_out(f, &member, group->id);
	subscription_ids_unref(member.ids);
	return true;
}

/* Before anybody else holds it. An empty message is not kept, and needs no source. */
static void note_source(struct shard *shard, struct session *publisher, struct message *m)
{
	if (publisher == NULL || publisher->policy == NULL || m->payload_len == 0 ||
			!shard->limits->check_retain_source ||
			(publisher->bridge != NULL &&
					bridge_is_state(publisher->bridge, message_topic(m))))
		return;
	if (publisher->source == NULL)
		publisher->source = source_open(&shard->sources, session_username(publisher),
				session_id(publisher), publisher->policy);
	m->source = source_ref(publisher->source);
}

static void retain(struct shard *shard, struct session *publisher, struct message *m,
		struct instant now)
{
	if (m->payload_len > 0 && !retained_has_room(&shard->retained, shard->limits,
						  message_topic(m), message_size(m))) {
		shard->counters.refused_retained++;
		return;
	}
	/* Who keeps a QoS of 0 was told nothing; a store that is full must not grow by it. */
	if (shard->ledger.is_full && m->payload_len > 0 &&
			!retained_replaces(&shard->retained, message_topic(m), message_size(m))) {
		shard->counters.refused_retained++;
		return;
	}
	note_source(shard, publisher, m);
	retained_set(&shard->retained, m);
	shard_plan_sweep(shard, now);
}

size_t router_publish(struct shard *shard, struct session *publisher, struct message *m,
		const struct match *match, struct instant now)
{
	struct fanout f = { .shard = shard, .message = m, .now = now };
	size_t receivers = 0;

	message_count(m, &shard->budget.messages);
	if (m->retain)
		retain(shard, publisher, m, now);
	if (match == NULL)
		match = topic_tree_match(&shard->topics, message_topic(m));
	shard->work.done += match->count;
	for (uint32_t i = 0; i < match->count; i++) {
		const struct match_target *target = &match->targets[i];

		if (target->session == publisher ? target->no_local : target->own_only)
			continue; /* [v5 MQTT-3.8.3-3] */
		if (target->group != NULL) {
			receivers += fan_out_shared(&f, target->group);
			continue;
		}
		fan_out(&f, target, 0);
		receivers++;
	}
	return receivers;
}

/* A message of a session that has ended: to another member of the group that it came by. */
static void share_again(struct shard *shard, const struct delivery *d, struct instant now)
{
	struct fanout f = { .shard = shard, .message = d->message, .now = now };
	const struct match *match;

	if (d->group == 0 || message_is_expired(d->message, now))
		return;
	match = topic_tree_match(&shard->topics, message_topic(d->message));
	shard->work.done += match->count;
	for (uint32_t i = 0; i < match->count; i++) {
		if (match->targets[i].group != NULL && match->targets[i].group->id == d->group) {
			fan_out_shared(&f, match->targets[i].group);
			return;
		}
	}
}

void router_share_again(struct shard *shard, struct session *s, struct instant now)
{
	struct inflight_entry *entry;

	if (s->inflight.count > 0)
		inflight_mark_unsent(&s->inflight);
	while ((entry = inflight_next_unsent(&s->inflight)) != NULL) {
		if (entry->state == INFLIGHT_WAIT_PUBACK)
			share_again(shard, &entry->delivery, now);
	}
	while (s->outbox.count > 0) {
		struct delivery d = outbox_pop(&s->outbox);

		shard->budget.waiting--;
		share_again(shard, &d, now);
		delivery_finish(&d);
	}
}

void router_deliver(struct shard *shard, struct session *s, struct delivery d, struct instant now)
{
	struct fanout f = { .shard = shard, .message = d.message, .now = now };

	if (s->client != NULL && router_has_room(s->client, &d))
		send_now(&f, s->client, d);
	else
		enqueue(shard, s, d);
}

/* Of what was queued or sent while the session had other rights. */
static bool is_denied(const struct client *c, const struct delivery *d)
{
	if (d->message == NULL || access_may(c->session, message_topic(d->message), ACL_READ))
		return false;
	c->shard->counters.dropped_denied++;
	return true;
}

void router_send_ahead(struct client *c, struct delivery d, struct instant now)
{
	struct fanout f = { .shard = c->shard, .message = d.message, .now = now };

	send_now(&f, c, d);
}

/*
 * The other broker takes less now than when the message was first sent: an exchange of QoS 2 is
 * done again as one of QoS 1, and one that cannot be is over.
 */
static bool lower_qos(struct client *c, struct inflight_entry *entry)
{
	if (entry->delivery.qos <= c->max_qos)
		return true;
	if (c->max_qos == 0)
		return false;
	entry->delivery.qos = 1;
	entry->state = INFLIGHT_WAIT_PUBACK;
	note_sent(c, entry);
	return true;
}

/* Send one entry again that this connection has not seen yet. */
static void resend(struct client *c, struct inflight_entry *entry, struct instant now)
{
	struct fanout f = { .shard = c->shard, .message = entry->delivery.message, .now = now };
	const struct wire *wire;
	struct wire own;

	if (entry->order < c->session->inflight.unchecked_before &&
			is_denied(c, &entry->delivery)) {
		router_finish(c, entry);
		return;
	}
	if (entry->state == INFLIGHT_WAIT_PUBCOMP) {
		c->withhold = WITHHOLD;
		protocol_send_ack(c, PACKET_PUBREL, entry->packet_id, MQTT_SUCCESS);
		return;
	}
	if (!lower_qos(c, entry)) {
		struct delivery d = entry->delivery;

		message_ref(d.message);
		subscription_ids_ref(d.ids);
		inflight_remove(&c->session->inflight, entry);
		send_now(&f, c, d);
		return;
	}
	wire = fanout_wire(&f, c, &entry->delivery, &own);
	if (!takes_size(c, wire->size)) { /* this connection may take less than the last one */
		router_finish(c, entry);
		return;
	}
	if (entry->delivery.qos == 2 && entry->delivery.number != 0)
		c->withhold = WITHHOLD_IN_ORDER;
	fanout_send(&f, c, wire, &entry->delivery, entry->packet_id, true); /* [v5 MQTT-3.3.1-1] */
}

/*
 * What an earlier connection left in flight, the oldest first, as far as this one's window goes.
 * Its bytes are in the table already, so that max_inflight_bytes must not hold it back.
 */
static void pump_unsent(struct client *c, struct instant now)
{
	struct inflight *f = &c->session->inflight;
	struct inflight_entry *entry;

	while (f->count - f->unsent < c->max_inflight &&
			client_unsent(c) <= c->shard->limits->max_output_bytes &&
			(entry = inflight_next_unsent(f)) != NULL)
		resend(c, entry, now);
}

void router_resume(struct client *c, struct instant now)
{
	if (c->session->inflight.count > 0)
		inflight_mark_unsent(&c->session->inflight);
	router_pump(c, now);
}

void router_pump(struct client *c, struct instant now)
{
	struct session *s = c->session;

	if (s->inflight.unsent > 0)
		pump_unsent(c, now);
	while (s->outbox.count > 0 && may_send(c, outbox_first(&s->outbox))) {
		bool is_unchecked = s->outbox.unchecked > 0;
		struct delivery d = outbox_pop(&s->outbox);
		struct fanout f = { .shard = c->shard, .message = d.message, .now = now };

		c->shard->budget.waiting--;
		if (message_is_expired(d.message, now)) { /* [v5 MQTT-3.3.2-5] */
			c->shard->counters.dropped_expired++;
			drop(c->shard, &d);
			continue;
		}
		if (is_unchecked && is_denied(c, &d)) {
			drop(c->shard, &d);
			continue;
		}
		send_now(&f, c, d);
	}
	replay_wake(c);
}
