/* SPDX-License-Identifier: MIT */
#include "broker/core/restore.h"

#include "broker/core/lifecycle.h"

/*
 * How long a client that was connected has to come back before its will is published: the broker
 * was away, and the client may not even have noticed. MQTT lets a server that failed defer the will
 * (v5 3.1.2.5).
 */
enum { RETURN_SECONDS = 5 };

/* --- messages -------------------------------------------------------------------------------- */

static void meet(uint64_t *last, uint64_t number)
{
	if (number > *last)
		*last = number;
}

/* The clock may have been set back meanwhile, and a record may say anything. */
static struct instant from_wall(const struct restore *r, int64_t wall, struct instant latest)
{
	struct instant t;

	if (wall == STORE_NEVER || __builtin_sub_overflow(wall, r->to_wall.ns, &t.ns))
		return latest;
	return instant_earlier(t, latest);
}

static struct instant seconds_from_now(const struct restore *r, uint32_t n)
{
	return instant_after(r->now, seconds(n));
}

static struct message *create_message(struct restore *r, const struct stored_message *record)
{
	struct message *m = message_create_again(
			record->topic, record->properties, record->publisher_len, record->payload);

	m->qos = record->qos;
	m->retain = record->retain;
	message_count(m, &r->shard->budget.messages);
	return m;
}

struct message *restore_message(struct restore *r, uint64_t number,
		const struct stored_message *record, struct policy *policy)
{
	struct message *m = create_message(r, record);

	meet(&r->last_message, number);
	m->number = number;
	if (record->expires != STORE_NEVER)
		m->expires = from_wall(r, record->expires, seconds_from_now(r, UINT32_MAX));
	if (record->client_id.data != NULL)
		m->source = source_open(
				&r->shard->sources, record->username, record->client_id, policy);
	if (record->is_retained) {
		retained_set(&r->shard->retained, m);
		m->kept++;
	}
	return m;
}

/* --- sessions -------------------------------------------------------------------------------- */

/* No session has more time than it would have now. */
static struct instant latest_end(const struct restore *r, const struct session *s)
{
	uint32_t expiry = lifecycle_expiry(r->shard, s);

	return expiry == MQTT_EXPIRY_NEVER ? INSTANT_NEVER : seconds_from_now(r, expiry);
}

/* Of a client that was connected until the end the time begins now. */
static void set_end(struct restore *r, const struct stored_session *record, struct session *s)
{
	struct instant latest = latest_end(r, s);
	struct instant end = record->ends != 0 ? from_wall(r, record->ends, latest) : latest;

	timer_set(&r->shard->timers, &s->expiry, end);
	if (timer_is_set(&s->expiry) && end.ns == latest.ns)
		s->changes |= SESSION_CHANGED_RECORD;
}

struct session *restore_session(struct restore *r, uint64_t number,
		const struct stored_session *record, struct policy *policy)
{
	struct session_table *sessions = &r->shard->sessions;
	struct session *s;

	meet(&r->last_session, number);
	if (session_table_find(sessions, record->client_id) != NULL)
		return NULL;
	s = session_create(sessions, record->client_id);
	session_assign(s, record->username, policy);
	s->number = number;
	s->expiry_interval = record->expiry_interval;
	s->is_durable = record->expiry_interval > 0;
	s->keeps_qos0 = record->keeps_qos0;
	s->awaits_bridge = record->is_bridge;
	set_end(r, record, s);
	return s;
}

bool restore_will(struct restore *r, struct session *s, const struct stored_will *record)
{
	struct instant latest = seconds_from_now(
			r, record->delay > RETURN_SECONDS ? record->delay : RETURN_SECONDS);

	if (s->will.message != NULL)
		return false;
	s->will.message = create_message(r, &record->message);
	s->will.message->expires = (struct instant){ record->message.expires };
	s->will.delay = record->delay;
	timer_set(&r->shard->timers, &s->will_timer,
			record->due != 0 ? from_wall(r, record->due, latest) : latest);
	if (record->due == 0)
		s->changes |= SESSION_CHANGED_WILL;
	if (!s->is_durable) /* it is there for its will alone */
		timer_set(&r->shard->timers, &s->expiry, s->will_timer.at);
	return true;
}

bool restore_received(struct session *s, uint16_t packet_id)
{
	return packet_id != 0 && packet_ids_add(&s->received, packet_id);
}

/* Messages that came by a shared subscription know it by its number. */
static void restore_group(struct restore *r, struct share_group *group, uint32_t id)
{
	struct share_table *shares = &r->shard->topics.shares;

	if (group == NULL)
		return;
	group->id = id;
	if (id > shares->last_id)
		shares->last_id = id;
}

bool restore_subscription(struct restore *r, struct session *s, uint32_t number,
		const struct stored_subscription *record)
{
	struct topic_tree *topics = &r->shard->topics;
	const struct subscribe_options options = {
		.group = record->group,
		.identifier = record->identifier,
		.qos = record->qos,
		.retain_handling = record->is_awaiting ? 0 : 2,
		.no_local = record->no_local,
		.retain_as_published = record->retain_as_published,
	};
	struct subscription *sub;

	if (topic_tree_find(topics, s->subscriptions, record->group, record->filter) != NULL)
		return false;
	topic_tree_subscribe(topics, s, &s->subscriptions, record->filter, &options);
	sub = topic_tree_find(topics, s->subscriptions, record->group, record->filter);
	sub->number = number;
	if (number > s->last_subscription)
		s->last_subscription = number;
	restore_group(r, sub->group, record->group_id);
	return true;
}

/* --- deliveries ------------------------------------------------------------------------------ */

static struct subscription_ids *restore_ids(struct span encoded)
{
	struct subscription_ids *ids;

	if (encoded.len == 0)
		return NULL;
	ids = xmalloc(sizeof(*ids) + encoded.len);
	ids->refs = 1;
	ids->len = (uint32_t)encoded.len;
	memcpy(ids->bytes, encoded.data, encoded.len);
	return ids;
}

bool restore_delivery(struct restore *r, struct session *s, uint64_t number, struct message *m,
		const struct stored_delivery *record)
{
	struct share_table *shares = &r->shard->topics.shares;
	struct delivery d = {
		.message = m,
		.number = number,
		.group = record->group,
		.qos = record->qos,
		.retain = record->retain,
	};

	meet(&r->last_delivery, number);
	/* Its group may be gone: no other is to have the number. */
	if (record->group > shares->last_id)
		shares->last_id = record->group;
	if ((m == NULL) != (record->state == INFLIGHT_WAIT_PUBCOMP) ||
			(record->packet_id == 0) != (record->state == INFLIGHT_FREE))
		return false;
	d.ids = restore_ids(record->ids);
	if (record->packet_id == 0) {
		outbox_push(&s->outbox, d);
		r->shard->budget.waiting++;
	} else if (!inflight_restore(&s->inflight, d, record->packet_id,
				   (enum inflight_state)record->state)) {
		subscription_ids_unref(d.ids);
		return false;
	}
	if (m != NULL) {
		message_ref(m);
		m->kept++;
	}
	return true;
}

/* --- the end --------------------------------------------------------------------------------- */

/*
 * The time of those that were connected has begun to run: the next start must not begin it anew.
 * What has to be written of a session was put down in `changes`, before the ledger was on.
 */
static void note_times(struct shard *shard)
{
	for (struct session *s = shard->sessions.table; s != NULL; s = s->hh.next) {
		unsigned changes = s->changes;

		s->changes = 0;
		if (changes != 0)
			ledger_session_changed(&shard->ledger, s, changes);
	}
}

void restore_end(struct restore *r)
{
	for (struct session *s = r->shard->sessions.table; s != NULL; s = s->hh.next) {
		/* The rules may be others now. */
		s->outbox.unchecked = s->outbox.count;
		s->inflight.unchecked_before = s->inflight.next_order;
		if (s->inflight.count > 0)
			inflight_restored(&s->inflight);
	}
	shard_plan_sweep(r->shard, r->now);
	ledger_start(&r->shard->ledger, r->last_message + 1, r->last_delivery + 1,
			r->last_session + 1);
	note_times(r->shard);
}

void restore_release(struct restore *r, struct message *m)
{
	if (m->kept == 0)
		ledger_message_unneeded(&r->shard->ledger, m);
	message_unref(m);
}

void restore_end_orphans(struct shard *shard, struct instant now)
{
	struct session *s, *next;

	HASH_ITER (hh, shard->sessions.table, s, next) {
		if (s->awaits_bridge)
			lifecycle_session_end(shard, s, now);
	}
}
